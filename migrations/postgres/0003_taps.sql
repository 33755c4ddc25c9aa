-- What terminals send. The tables of the first migration were never written by a release and make way. The same file
-- for SQLite has the same tables, columns and keys.
drop table tap;
drop table tap_batch;
drop table tap_head;
drop table terminal_window;

-- One row per request that brought something new. Its taps have the ids tap_first to tap_last, in the order of `lines`:
-- zstd of the canonical lines, each with its chain hash after a tab. `body` is zstd of the JSON as it was signed.
create table tap_batch (
    tap_last bigint primary key not null,
    tap_first bigint not null,
    terminal text not null,
    epoch bigint not null,
    key_id text not null,
    received_us bigint not null,
    boot text not null,
    up_ms bigint not null,
    wall_us bigint,
    rtt_ms bigint not null,
    deny_ver bigint not null,
    tariff_ver text not null,
    lines bytea not null,
    body bytea not null
);

-- Where a tap is, by its name: seq_first + i has the id tap_first + i, for i below seq_count.
create table tap_run (
    terminal text not null,
    epoch bigint not null,
    seq_first bigint not null,
    seq_count bigint not null check (seq_count between 1 and 500),
    tap_first bigint not null,
    primary key (terminal, epoch, seq_first)
);

-- The row is locked for the whole of a transaction that stores taps: ids rise in the order of commits, and a writer
-- that finds the version as it left it knows that nobody else wrote.
create table tap_head (
    one bigint primary key not null check (one = 1),
    id bigint not null,
    version bigint not null
);
insert into tap_head (one, id, version) values (1, 0, 0);

-- Which numbers are settled: all up to `settled`, and the ranges in `above`; each with the chain hash of its last tap.
create table terminal_window (
    terminal text not null,
    epoch bigint not null,
    settled bigint not null,
    settled_hash bytea not null,
    above bytea not null,
    primary key (terminal, epoch)
);

create table gap (
    terminal text not null,
    epoch bigint not null,
    seq_from bigint not null,
    seq_to bigint not null,
    state text not null check (state in ('open', 'filled', 'written_off')),
    cause text not null check (cause in ('held_from', 'lost')),
    found_us bigint not null,
    changed_us bigint not null,
    primary key (terminal, epoch, seq_from)
);
create index gap_state on gap (state, found_us);

-- The tap at seq does not follow from the one before: one of the two was altered, or one between was taken out.
create table chain_break (
    terminal text not null,
    epoch bigint not null,
    seq bigint not null,
    found_us bigint not null,
    detail text not null,
    primary key (terminal, epoch, seq)
);

create table terminal_audit (
    terminal text not null,
    epoch bigint not null,
    shift text not null,
    seq_from bigint not null,
    seq_to bigint not null,
    tap_count bigint not null,
    fare_sum bigint not null,
    head bytea not null,
    received_us bigint not null,
    state text not null check (state in ('pending', 'agrees', 'differs')),
    detail text not null,
    primary key (terminal, epoch, shift)
);
create index terminal_audit_state on terminal_audit (state, received_us);

-- What could not be taken as a tap, with all its bytes. Kept until a person has dealt with it.
create table tap_quarantine (
    id bigint generated always as identity primary key,
    received_us bigint not null,
    terminal text not null,
    epoch bigint,
    seq bigint,
    code text not null,
    detail text not null,
    state text not null check (state in ('open', 'fixed', 'dismissed')),
    raw bytea not null
);
create index tap_quarantine_name on tap_quarantine (terminal, epoch, seq);
create index tap_quarantine_state on tap_quarantine (state, received_us);

create table terminal (
    id text primary key not null references device (id),
    vehicle text not null,
    stop text not null,
    network text not null,
    epoch_min bigint not null,
    cfg_ver bigint not null,
    enrolled_us bigint not null,
    seen_us bigint,
    epoch bigint,
    deny_ver bigint,
    tariff_ver text,
    clock_offset_ms bigint
);

-- Each change of the deny list, for ever: card is denied (1) or no longer (0) from this version on.
create table deny_entry (
    ver bigint primary key not null,
    card text not null,
    denied bigint not null check (denied in (0, 1)),
    reason text not null,
    at_us bigint not null,
    who text not null
);
create index deny_entry_card on deny_entry (card, ver);
create table deny_head (
    one bigint primary key not null check (one = 1),
    ver bigint not null
);
insert into deny_head (one, ver) values (1, 0);
