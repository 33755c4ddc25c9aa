-- The tables of the first release. Time is microseconds since 1970-01-01T00:00:00Z, enums are text with a check,
-- 0 and 1 stand for no and yes. The same file for SQLite has the same tables, columns and keys; a test compares them.

-- Leases and nothing else go by the database's own clock.
create view db_clock as
select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint) as now_us;

create table device (
    id text primary key not null check (length(id) between 1 and 64),
    kind text not null check (kind in ('vehicle', 'terminal')),
    agency text not null,
    vehicle text not null,
    mode text not null check (mode in ('bus', 'ferry', 'bike')),
    tier_max text not null check (tier_max in ('legacy', 'token', 'signed')),
    protocol text not null,
    expected_period_s double precision not null check (expected_period_s > 0),
    speed_unit text not null check (speed_unit in ('auto', 'mps', 'kmh', 'knots')),
    clock_fix_allowed bigint not null check (clock_fix_allowed in (0, 1)),
    network text not null,
    state text not null check (state in ('pending', 'active', 'suspended', 'retired')),
    note text not null,
    changed_us bigint not null
);

-- kind hmac: secret is the key, sealed with the server key. kind token: secret is the SHA-256 of the token.
create table device_key (
    device text not null references device (id),
    kid text not null check (length(kid) between 1 and 64),
    kind text not null check (kind in ('hmac', 'token')),
    secret bytea not null,
    created_us bigint not null,
    last_used_us bigint,
    revoked_us bigint,
    primary key (device, kid)
);
create unique index device_key_token on device_key (secret) where kind = 'token';

-- Kept for ever, even after the pings and the device are gone: no sequence number is taken twice.
create table device_boot (
    id bigint generated always as identity primary key,
    device text not null,
    boot text not null,
    base bigint not null,
    settled bigint not null,
    lost bigint not null,
    gaps bytea not null,
    version bigint not null
);
create unique index device_boot_key on device_boot (device, boot);

-- boot_id names device_boot.id. There is no foreign key: it would cost a look-up per row, and only one statement writes here.
-- Flags are a bit each, as tracking::check::Flag has them.
create table ping (
    boot_id bigint not null,
    seq bigint not null,
    received_us bigint not null,
    t_us bigint not null,
    vehicle text not null,
    lat_deg double precision,
    lon_deg double precision,
    speed_mps double precision,
    heading_deg double precision,
    accuracy_m double precision,
    hdop double precision,
    satellites bigint,
    odometer_m double precision,
    trip text,
    trip_day text,
    trip_start_s bigint,
    block text,
    route text,
    door_open bigint check (door_open in (0, 1)),
    passengers bigint,
    occupancy text,
    ev text,
    provenance text not null check (provenance in ('GPS', 'ODO', 'DR', 'NET', 'MAN', 'SIM')),
    tier text not null check (tier in ('legacy', 'token', 'signed')),
    verdict text not null check (verdict in ('ok', 'flag', 'hist')),
    flags bigint not null,
    source text not null,
    primary key (boot_id, seq)
);
create index ping_received on ping (received_us);

create table nonce (
    key_id text not null,
    nonce text not null,
    received_us bigint not null,
    primary key (key_id, nonce)
);
create index nonce_received on nonce (received_us);

create table quarantine (
    id bigint generated always as identity primary key,
    received_us bigint not null,
    device text not null,
    boot text,
    seq bigint,
    source text not null,
    code text not null,
    detail text not null,
    raw bytea not null
);
create index quarantine_received on quarantine (received_us);

create table stop_visit (
    service_day text not null,
    trip text not null,
    trip_start_s bigint not null,
    stop_sequence bigint not null,
    vehicle text not null,
    stop text not null,
    arrival_us bigint,
    departure_us bigint,
    plus_minus_s double precision not null,
    source text not null check (source in ('gps', 'door', 'tap', 'inferred', 'repaired')),
    primary key (service_day, trip, trip_start_s, stop_sequence, vehicle)
);

create table feed (
    id bigint generated always as identity primary key,
    sha256 bytea not null,
    publisher text not null,
    version text not null,
    path text not null,
    byte_count bigint not null,
    loaded_us bigint not null
);

create table panel (
    id text primary key not null check (length(id) between 1 and 64),
    token_sha256 bytea not null,
    stop text not null,
    label text not null,
    created_us bigint not null,
    last_seen_us bigint,
    revoked_us bigint
);
create unique index panel_token on panel (token_sha256);

-- Append-only and hash-chained; the triggers refuse a change, the chain shows one made behind their back.
create table audit (
    id bigint primary key not null,
    at_us bigint not null,
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
    hash bytea not null
);
create table audit_head (
    one bigint primary key not null check (one = 1),
    id bigint not null,
    hash bytea not null
);
insert into audit_head (one, id, hash) values (1, 0, '');
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit rows are never changed or deleted';
end;
$$;
create trigger audit_no_change before update or delete or truncate on audit
for each statement execute function audit_is_append_only();

create table lease (
    role text not null,
    shard text not null,
    holder text not null,
    epoch bigint not null,
    expires_us bigint not null,
    primary key (role, shard)
);

create table tap_batch (
    id bigint generated always as identity primary key,
    terminal text not null,
    epoch bigint not null,
    seq_min bigint not null,
    seq_max bigint not null,
    tap_first bigint not null,
    tap_last bigint not null,
    received_us bigint not null,
    body bytea not null
);
create index tap_batch_range on tap_batch (terminal, epoch, seq_min);

-- id rises in the order of commits: it comes from tap_head, whose row is locked for the transaction.
create table tap (
    id bigint primary key not null,
    terminal text not null,
    epoch bigint not null,
    seq bigint not null,
    received_us bigint not null,
    card text not null,
    kind text not null check (kind in ('on', 'off', 'tap')),
    line text not null,
    line_sha256 bytea not null
);
create table tap_head (
    one bigint primary key not null check (one = 1),
    id bigint not null
);
insert into tap_head (one, id) values (1, 0);

create table terminal_window (
    terminal text not null,
    epoch bigint not null,
    base bigint not null,
    settled bigint not null,
    lost bigint not null,
    gaps bytea not null,
    primary key (terminal, epoch)
);
