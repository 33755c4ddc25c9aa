-- What terminals send. The tables of the first migration were never written by a release and make way. The same file
-- for PostgreSQL has the same tables, columns and keys.
drop table tap;
drop table tap_batch;
drop table tap_head;
drop table terminal_window;

-- One row per request that brought something new. Its taps have the ids tap_first to tap_last, in the order of `lines`:
-- zstd of the canonical lines, each with its chain hash after a tab. `body` is zstd of the JSON as it was signed.
create table tap_batch (
    tap_last integer primary key not null,
    tap_first integer not null,
    terminal text not null,
    epoch integer not null,
    key_id text not null,
    received_us integer not null,
    boot text not null,
    up_ms integer not null,
    wall_us integer,
    rtt_ms integer not null,
    deny_ver integer not null,
    tariff_ver text not null,
    lines blob not null,
    body blob not null
) strict;

-- Where a tap is, by its name: seq_first + i has the id tap_first + i, for i below seq_count.
create table tap_run (
    terminal text not null,
    epoch integer not null,
    seq_first integer not null,
    seq_count integer not null check (seq_count between 1 and 500),
    tap_first integer not null,
    primary key (terminal, epoch, seq_first)
) strict, without rowid;

-- The row is locked for the whole of a transaction that stores taps: ids rise in the order of commits, and a writer
-- that finds the version as it left it knows that nobody else wrote.
create table tap_head (
    one integer primary key not null check (one = 1),
    id integer not null,
    version integer not null
) strict;
insert into tap_head (one, id, version) values (1, 0, 0);

-- Which numbers are settled: all up to `settled`, and the ranges in `above`; each with the chain hash of its last tap.
create table terminal_window (
    terminal text not null,
    epoch integer not null,
    settled integer not null,
    settled_hash blob not null,
    above blob not null,
    primary key (terminal, epoch)
) strict, without rowid;

create table gap (
    terminal text not null,
    epoch integer not null,
    seq_from integer not null,
    seq_to integer not null,
    state text not null check (state in ('open', 'filled', 'written_off')),
    cause text not null check (cause in ('held_from', 'lost')),
    found_us integer not null,
    changed_us integer not null,
    primary key (terminal, epoch, seq_from)
) strict;
create index gap_state on gap (state, found_us);

-- The tap at seq does not follow from the one before: one of the two was altered, or one between was taken out.
create table chain_break (
    terminal text not null,
    epoch integer not null,
    seq integer not null,
    found_us integer not null,
    detail text not null,
    primary key (terminal, epoch, seq)
) strict;

create table terminal_audit (
    terminal text not null,
    epoch integer not null,
    shift text not null,
    seq_from integer not null,
    seq_to integer not null,
    tap_count integer not null,
    fare_sum integer not null,
    head blob not null,
    received_us integer not null,
    state text not null check (state in ('pending', 'agrees', 'differs')),
    detail text not null,
    primary key (terminal, epoch, shift)
) strict;
create index terminal_audit_state on terminal_audit (state, received_us);

-- What could not be taken as a tap, with all its bytes. Kept until a person has dealt with it.
create table tap_quarantine (
    id integer primary key autoincrement not null,
    received_us integer not null,
    terminal text not null,
    epoch integer,
    seq integer,
    code text not null,
    detail text not null,
    state text not null check (state in ('open', 'fixed', 'dismissed')),
    raw blob not null
) strict;
create index tap_quarantine_name on tap_quarantine (terminal, epoch, seq);
create index tap_quarantine_state on tap_quarantine (state, received_us);

create table terminal (
    id text primary key not null references device (id),
    vehicle text not null,
    stop text not null,
    network text not null,
    epoch_min integer not null,
    cfg_ver integer not null,
    enrolled_us integer not null,
    seen_us integer,
    epoch integer,
    deny_ver integer,
    tariff_ver text,
    clock_offset_ms integer
) strict;

-- Each change of the deny list, for ever: card is denied (1) or no longer (0) from this version on.
create table deny_entry (
    ver integer primary key not null,
    card text not null,
    denied integer not null check (denied in (0, 1)),
    reason text not null,
    at_us integer not null,
    who text not null
) strict;
create index deny_entry_card on deny_entry (card, ver);
create table deny_head (
    one integer primary key not null check (one = 1),
    ver integer not null
) strict;
insert into deny_head (one, ver) values (1, 0);
