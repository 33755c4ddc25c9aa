-- The ledger. What is said once is never changed: triggers refuse it, and each commit is chained to the one before by
-- SHA-256. Ids come from ledger_head, whose row is locked for the transaction, so that they rise by one without holes in
-- the order of commits. What is looked for by card is found along a chain of rows, newest first, from card_head: an
-- index by card would cost a page of its own per row. The same file for SQLite has the same tables, columns and keys.

create table journal (
    id bigint primary key not null,
    kind text not null,
    cause text not null,
    service_day text not null,
    posting_day text not null,
    effective_us bigint not null,
    posted_us bigint not null,
    -- A line each: account, debit in satang, and where it is a ride's, leg and revision; tabs between.
    postings text not null,
    digest bytea not null
);
-- The cursor that is committed with them keeps the journals of rides from being made twice.
create unique index journal_cause on journal (cause) where kind <> 'fare';
create index journal_posting_day on journal (posting_day);

-- A leg as it was known at one time; the highest rev counts. digest covers what is kept for ever, digest_place (salted,
-- see ledger_salt) the rest, which is generalised after 13 months.
create table leg (
    id bigint primary key not null,
    leg text not null,
    rev bigint not null,
    card text not null,
    prev bigint not null,
    journal bigint not null,
    posted_us bigint not null,
    status text not null,
    service_day text not null,
    agency text not null,
    network text not null,
    full_satang bigint not null,
    alone_satang bigint not null,
    transfer_satang bigint not null,
    capped_satang bigint not null,
    charge_satang bigint not null,
    share_satang bigint,
    share_agency text not null,
    waived_satang bigint not null,
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
    start_us bigint not null,
    end_us bigint not null,
    digest bytea not null,
    digest_place bytea not null
);
create index leg_service_day on leg (service_day);
create index leg_posting_day on leg (posting_day);

-- When and where a tap was, and what became of it, as known at one time; the highest rev counts.
create table tap_state (
    id bigint primary key not null,
    tap bigint not null,
    terminal text not null,
    epoch bigint not null,
    seq bigint not null,
    rev bigint not null,
    card text not null,
    prev bigint not null,
    posted_us bigint not null,
    kind text not null check (kind in ('on', 'off', 'tap')),
    pax bigint not null,
    fate text not null,
    leg text,
    service_day text not null,
    agency text not null,
    network text not null,
    t_us bigint not null,
    method text not null,
    bound_ms bigint not null,
    vehicle text not null,
    trip text not null,
    stop text not null,
    route text not null,
    -- Of the ride, when it is known: seconds of the day; and GTFS stop_sequence.
    ride_start_s bigint,
    sequence bigint,
    digest bytea not null,
    digest_place bytea not null
);
create index tap_state_service_day on tap_state (service_day);

create table ledger_commit (
    id bigint primary key not null,
    posted_us bigint not null,
    lease_epoch bigint not null,
    journal_last bigint not null,
    leg_last bigint not null,
    tap_state_last bigint not null,
    hash bytea not null
);
create table ledger_head (
    one bigint primary key not null check (one = 1),
    commit_id bigint not null,
    journal bigint not null,
    leg bigint not null,
    tap_state bigint not null,
    hash bytea not null
);
insert into ledger_head (one, commit_id, journal, leg, tap_state, hash) values (1, 0, 0, 0, 0, '');

-- Deleted when the places of a commit are generalised: without it digest_place proves and betrays nothing.
create table ledger_salt (
    commit_id bigint primary key not null,
    salt bytea not null
);

-- The newest rows of a card, 0 where there is none.
create table card_head (
    card text primary key not null,
    tap_state bigint not null,
    leg bigint not null
);

-- A cache: the sum of all journals, rebuilt and compared by the close and by audit verify.
create table balance (
    account text primary key not null,
    debit_satang bigint not null,
    journal bigint not null
);

-- Journals by account: at once for those that are not rides, at the close for the rest.
create table journal_account (
    account text not null,
    journal bigint not null,
    primary key (account, journal)
);

create table hold (
    card text not null,
    leg text not null,
    amount_satang bigint not null,
    set_us bigint not null,
    primary key (card, leg)
);

create table fare_cursor (
    name text primary key not null,
    value bigint not null
);

-- What does not add up, until a person resolves it. Every change is in the audit log.
create table discrepancy (
    id bigint generated always as identity primary key,
    kind text not null,
    cause text not null,
    subject text not null,
    amount_satang bigint,
    day text not null,
    found_us bigint not null,
    detail text not null,
    owner text not null,
    state text not null check (state in ('open', 'assigned', 'resolved')),
    changed_us bigint not null,
    resolution text not null
);
create unique index discrepancy_cause on discrepancy (cause);
create index discrepancy_state on discrepancy (state, id);

create function ledger_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% rows are never changed or deleted', tg_table_name;
end;
$$;
create trigger journal_no_change before update or delete or truncate on journal
for each statement execute function ledger_is_append_only();
create trigger ledger_commit_no_change before update or delete or truncate on ledger_commit
for each statement execute function ledger_is_append_only();
create trigger leg_no_update before update on leg
for each row when (new.vehicle <> '' or new.trip <> '' or new.from_stop <> '' or new.to_stop <> '' or new.off_tap is not null
    or new.start_us % 3600000000 <> 0 or new.end_us % 3600000000 <> 0
    or new.id <> old.id or new.leg <> old.leg or new.rev <> old.rev or new.card <> old.card or new.prev <> old.prev
    or new.journal <> old.journal or new.posted_us <> old.posted_us or new.status <> old.status
    or new.service_day <> old.service_day or new.agency <> old.agency or new.network <> old.network
    or new.full_satang <> old.full_satang or new.alone_satang <> old.alone_satang
    or new.transfer_satang <> old.transfer_satang or new.capped_satang <> old.capped_satang
    or new.charge_satang <> old.charge_satang or new.share_satang is distinct from old.share_satang
    or new.share_agency <> old.share_agency or new.waived_satang <> old.waived_satang
    or new.posting_day <> old.posting_day
    or new.tariff <> old.tariff or new.product <> old.product or new.after_leg is distinct from old.after_leg
    or new.cap is distinct from old.cap or new.digest <> old.digest or new.digest_place <> old.digest_place)
execute function ledger_is_append_only();
create trigger leg_no_delete before delete or truncate on leg
for each statement execute function ledger_is_append_only();
create trigger tap_state_no_update before update on tap_state
for each row when (new.vehicle <> '' or new.trip <> '' or new.stop <> '' or new.t_us % 3600000000 <> 0
    or new.ride_start_s is not null or new.sequence is not null or new.route <> old.route
    or new.id <> old.id or new.tap <> old.tap or new.terminal <> old.terminal or new.epoch <> old.epoch
    or new.seq <> old.seq or new.rev <> old.rev or new.card <> old.card or new.prev <> old.prev
    or new.posted_us <> old.posted_us or new.kind <> old.kind or new.pax <> old.pax or new.fate <> old.fate
    or new.leg is distinct from old.leg or new.service_day <> old.service_day or new.agency <> old.agency
    or new.network <> old.network or new.method <> old.method or new.bound_ms <> old.bound_ms
    or new.digest <> old.digest or new.digest_place <> old.digest_place)
execute function ledger_is_append_only();
create trigger tap_state_no_delete before delete or truncate on tap_state
for each statement execute function ledger_is_append_only();
