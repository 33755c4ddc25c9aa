-- The tables of the first release. Time is microseconds since 1970-01-01T00:00:00Z, enums are text with a check,
-- 0 and 1 stand for no and yes. The same file for PostgreSQL has the same tables, columns and keys; a test compares them.

-- Leases and nothing else go by the database's own clock.
create view db_clock as
select cast(unixepoch('subsec') * 1000000.0 as integer) as now_us;

create table device (
    id text primary key not null check (length(id) between 1 and 64),
    kind text not null check (kind in ('vehicle', 'terminal')),
    agency text not null,
    vehicle text not null,
    mode text not null check (mode in ('bus', 'ferry', 'bike')),
    tier_max text not null check (tier_max in ('legacy', 'token', 'signed')),
    protocol text not null,
    expected_period_s real not null check (expected_period_s > 0),
    speed_unit text not null check (speed_unit in ('auto', 'mps', 'kmh', 'knots')),
    clock_fix_allowed integer not null check (clock_fix_allowed in (0, 1)),
    network text not null,
    state text not null check (state in ('pending', 'active', 'suspended', 'retired')),
    note text not null,
    changed_us integer not null
) strict;

-- kind hmac: secret is the key, sealed with the server key. kind token: secret is the SHA-256 of the token.
create table device_key (
    device text not null references device (id),
    kid text not null check (length(kid) between 1 and 64),
    kind text not null check (kind in ('hmac', 'token')),
    secret blob not null,
    created_us integer not null,
    last_used_us integer,
    revoked_us integer,
    primary key (device, kid)
) strict;
create unique index device_key_token on device_key (secret) where kind = 'token';

-- Kept for ever, even after the pings and the device are gone: no sequence number is taken twice.
create table device_boot (
    id integer primary key autoincrement not null,
    device text not null,
    boot text not null,
    base integer not null,
    settled integer not null,
    lost integer not null,
    gaps blob not null,
    version integer not null
) strict;
create unique index device_boot_key on device_boot (device, boot);

-- boot_id names device_boot.id. There is no foreign key: it would cost a look-up per row, and only one statement writes here.
-- Flags are a bit each, as tracking::check::Flag has them.
create table ping (
    boot_id integer not null,
    seq integer not null,
    received_us integer not null,
    t_us integer not null,
    vehicle text not null,
    lat_deg real,
    lon_deg real,
    speed_mps real,
    heading_deg real,
    accuracy_m real,
    hdop real,
    satellites integer,
    odometer_m real,
    trip text,
    trip_day text,
    trip_start_s integer,
    block text,
    route text,
    door_open integer check (door_open in (0, 1)),
    passengers integer,
    occupancy text,
    ev text,
    provenance text not null check (provenance in ('GPS', 'ODO', 'DR', 'NET', 'MAN', 'SIM')),
    tier text not null check (tier in ('legacy', 'token', 'signed')),
    verdict text not null check (verdict in ('ok', 'flag', 'hist')),
    flags integer not null,
    source text not null,
    primary key (boot_id, seq)
) strict, without rowid;
create index ping_received on ping (received_us);

create table nonce (
    key_id text not null,
    nonce text not null,
    received_us integer not null,
    primary key (key_id, nonce)
) strict, without rowid;
create index nonce_received on nonce (received_us);

create table quarantine (
    id integer primary key autoincrement not null,
    received_us integer not null,
    device text not null,
    boot text,
    seq integer,
    source text not null,
    code text not null,
    detail text not null,
    raw blob not null
) strict;
create index quarantine_received on quarantine (received_us);

create table stop_visit (
    service_day text not null,
    trip text not null,
    trip_start_s integer not null,
    stop_sequence integer not null,
    vehicle text not null,
    stop text not null,
    arrival_us integer,
    departure_us integer,
    plus_minus_s real not null,
    source text not null check (source in ('gps', 'door', 'tap', 'inferred', 'repaired')),
    primary key (service_day, trip, trip_start_s, stop_sequence, vehicle)
) strict, without rowid;

create table feed (
    id integer primary key autoincrement not null,
    sha256 blob not null,
    publisher text not null,
    version text not null,
    path text not null,
    byte_count integer not null,
    loaded_us integer not null
) strict;

create table panel (
    id text primary key not null check (length(id) between 1 and 64),
    token_sha256 blob not null,
    stop text not null,
    label text not null,
    created_us integer not null,
    last_seen_us integer,
    revoked_us integer
) strict;
create unique index panel_token on panel (token_sha256);

-- Append-only and hash-chained; the triggers refuse a change, the chain shows one made behind their back.
create table audit (
    id integer primary key not null,
    at_us integer not null,
    who text not null,
    role text not null,
    address text not null,
    agency text not null,
    action text not null,
    subject text not null,
    value_before text not null,
    value_after text not null,
    reason text not null,
    request_id text not null,
    hash blob not null
) strict;
create table audit_head (
    one integer primary key not null check (one = 1),
    id integer not null,
    hash blob not null
) strict;
insert into audit_head (one, id, hash) values (1, 0, x'');
create trigger audit_no_update before update on audit
begin
    select raise(abort, 'audit rows are never changed');
end;
create trigger audit_no_delete before delete on audit
begin
    select raise(abort, 'audit rows are never deleted');
end;

create table lease (
    role text not null,
    shard text not null,
    holder text not null,
    epoch integer not null,
    expires_us integer not null,
    primary key (role, shard)
) strict;

create table tap_batch (
    id integer primary key autoincrement not null,
    terminal text not null,
    epoch integer not null,
    seq_min integer not null,
    seq_max integer not null,
    tap_first integer not null,
    tap_last integer not null,
    received_us integer not null,
    body blob not null
) strict;
create index tap_batch_range on tap_batch (terminal, epoch, seq_min);

-- id rises in the order of commits: it comes from tap_head, whose row is locked for the transaction.
create table tap (
    id integer primary key not null,
    terminal text not null,
    epoch integer not null,
    seq integer not null,
    received_us integer not null,
    card text not null,
    kind text not null check (kind in ('on', 'off', 'tap')),
    line text not null,
    line_sha256 blob not null
) strict;
create table tap_head (
    one integer primary key not null check (one = 1),
    id integer not null
) strict;
insert into tap_head (one, id) values (1, 0);

create table terminal_window (
    terminal text not null,
    epoch integer not null,
    base integer not null,
    settled integer not null,
    lost integer not null,
    gaps blob not null,
    primary key (terminal, epoch)
) strict;
