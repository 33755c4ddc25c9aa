-- The ledger. What is said once is never changed: triggers refuse it, and each commit is chained to the one before by
-- SHA-256. Ids come from ledger_head, whose row is locked for the transaction, so that they rise by one without holes in
-- the order of commits. What is looked for by card is found along a chain of rows, newest first, from card_head: an
-- index by card would cost a page of its own per row. The same file for PostgreSQL has the same tables, columns and keys.

create table journal (
    id integer primary key not null,
    kind text not null,
    cause text not null,
    service_day text not null,
    posting_day text not null,
    effective_us integer not null,
    posted_us integer not null,
    -- A line each: account, debit in satang, and where it is a ride's, leg and revision; tabs between.
    postings text not null,
    digest blob not null
) strict;
-- The cursor that is committed with them keeps the journals of rides from being made twice.
create unique index journal_cause on journal (cause) where kind <> 'fare';
create index journal_posting_day on journal (posting_day);

-- A leg as it was known at one time; the highest rev counts. digest covers what is kept for ever, digest_place (salted,
-- see ledger_salt) the rest, which is generalised after 13 months.
create table leg (
    id integer primary key not null,
    leg text not null,
    rev integer not null,
    card text not null,
    prev integer not null,
    journal integer not null,
    posted_us integer not null,
    status text not null,
    service_day text not null,
    agency text not null,
    network text not null,
    full_satang integer not null,
    alone_satang integer not null,
    transfer_satang integer not null,
    capped_satang integer not null,
    charge_satang integer not null,
    share_satang integer,
    share_agency text not null,
    waived_satang integer not null,
    posting_day text not null,
    tariff text not null,
    product text not null,
    after_leg text,
    cap text,
    off_tap text,
    route text not null,
    trip text not null,
    vehicle text not null,
    from_stop text not null,
    to_stop text not null,
    start_us integer not null,
    end_us integer not null,
    digest blob not null,
    digest_place blob not null
) strict;
create index leg_service_day on leg (service_day);
create index leg_posting_day on leg (posting_day);

-- When and where a tap was, and what became of it, as known at one time; the highest rev counts.
create table tap_state (
    id integer primary key not null,
    tap integer not null,
    terminal text not null,
    epoch integer not null,
    seq integer not null,
    rev integer not null,
    card text not null,
    prev integer not null,
    posted_us integer not null,
    kind text not null check (kind in ('on', 'off', 'tap')),
    pax integer not null,
    fate text not null,
    leg text,
    service_day text not null,
    agency text not null,
    network text not null,
    t_us integer not null,
    method text not null,
    bound_ms integer not null,
    vehicle text not null,
    trip text not null,
    stop text not null,
    route text not null,
    -- Of the ride, when it is known: seconds of the day; and GTFS stop_sequence.
    ride_start_s integer,
    sequence integer,
    digest blob not null,
    digest_place blob not null
) strict;
create index tap_state_service_day on tap_state (service_day);

create table ledger_commit (
    id integer primary key not null,
    posted_us integer not null,
    lease_epoch integer not null,
    journal_last integer not null,
    leg_last integer not null,
    tap_state_last integer not null,
    hash blob not null
) strict;
create table ledger_head (
    one integer primary key not null check (one = 1),
    commit_id integer not null,
    journal integer not null,
    leg integer not null,
    tap_state integer not null,
    hash blob not null
) strict;
insert into ledger_head (one, commit_id, journal, leg, tap_state, hash) values (1, 0, 0, 0, 0, x'');

-- Deleted when the places of a commit are generalised: without it digest_place proves and betrays nothing.
create table ledger_salt (
    commit_id integer primary key not null,
    salt blob not null
) strict;

-- The newest rows of a card, 0 where there is none.
create table card_head (
    card text primary key not null,
    tap_state integer not null,
    leg integer not null
) strict, without rowid;

-- A cache: the sum of all journals, rebuilt and compared by the close and by audit verify.
create table balance (
    account text primary key not null,
    debit_satang integer not null,
    journal integer not null
) strict, without rowid;

-- Journals by account: at once for those that are not rides, at the close for the rest.
create table journal_account (
    account text not null,
    journal integer not null,
    primary key (account, journal)
) strict, without rowid;

create table hold (
    card text not null,
    leg text not null,
    amount_satang integer not null,
    set_us integer not null,
    primary key (card, leg)
) strict, without rowid;

create table fare_cursor (
    name text primary key not null,
    value integer not null
) strict, without rowid;

-- What does not add up, until a person resolves it. Every change is in the audit log.
create table discrepancy (
    id integer primary key autoincrement not null,
    kind text not null,
    cause text not null,
    subject text not null,
    amount_satang integer,
    day text not null,
    found_us integer not null,
    detail text not null,
    owner text not null,
    state text not null check (state in ('open', 'assigned', 'resolved')),
    changed_us integer not null,
    resolution text not null
) strict;
create unique index discrepancy_cause on discrepancy (cause);
create index discrepancy_state on discrepancy (state, id);

create trigger journal_no_update before update on journal
begin
    select raise(abort, 'journals are never changed');
end;
create trigger journal_no_delete before delete on journal
begin
    select raise(abort, 'journals are never deleted');
end;
create trigger leg_no_update before update on leg
when new.vehicle <> '' or new.trip <> '' or new.from_stop <> '' or new.to_stop <> '' or new.off_tap is not null
    or new.start_us % 3600000000 <> 0 or new.end_us % 3600000000 <> 0
    or new.id <> old.id or new.leg <> old.leg or new.rev <> old.rev or new.card <> old.card or new.prev <> old.prev
    or new.journal <> old.journal or new.posted_us <> old.posted_us or new.status <> old.status
    or new.service_day <> old.service_day or new.agency <> old.agency or new.network <> old.network
    or new.full_satang <> old.full_satang or new.alone_satang <> old.alone_satang
    or new.transfer_satang <> old.transfer_satang or new.capped_satang <> old.capped_satang
    or new.charge_satang <> old.charge_satang or new.share_satang is not old.share_satang
    or new.share_agency <> old.share_agency or new.waived_satang <> old.waived_satang
    or new.posting_day <> old.posting_day
    or new.tariff <> old.tariff or new.product <> old.product or new.after_leg is not old.after_leg
    or new.cap is not old.cap or new.digest <> old.digest or new.digest_place <> old.digest_place
begin
    select raise(abort, 'legs are never changed, only their places generalised');
end;
create trigger leg_no_delete before delete on leg
begin
    select raise(abort, 'legs are never deleted');
end;
create trigger tap_state_no_update before update on tap_state
when new.vehicle <> '' or new.trip <> '' or new.stop <> '' or new.t_us % 3600000000 <> 0
    or new.ride_start_s is not null or new.sequence is not null or new.route <> old.route
    or new.id <> old.id or new.tap <> old.tap or new.terminal <> old.terminal or new.epoch <> old.epoch
    or new.seq <> old.seq or new.rev <> old.rev or new.card <> old.card or new.prev <> old.prev
    or new.posted_us <> old.posted_us or new.kind <> old.kind or new.pax <> old.pax or new.fate <> old.fate
    or new.leg is not old.leg or new.service_day <> old.service_day or new.agency <> old.agency
    or new.network <> old.network or new.method <> old.method or new.bound_ms <> old.bound_ms
    or new.digest <> old.digest or new.digest_place <> old.digest_place
begin
    select raise(abort, 'states of taps are never changed, only their places generalised');
end;
create trigger tap_state_no_delete before delete on tap_state
begin
    select raise(abort, 'states of taps are never deleted');
end;
create trigger ledger_commit_no_update before update on ledger_commit
begin
    select raise(abort, 'commits are never changed');
end;
create trigger ledger_commit_no_delete before delete on ledger_commit
begin
    select raise(abort, 'commits are never deleted');
end;
