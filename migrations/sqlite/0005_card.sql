-- Cards, what people ask to be done with them, and the people who ask. The same file for PostgreSQL has the same tables,
-- columns and keys.

create table card (
    token text primary key not null check (length(token) between 1 and 128),
    state text not null check (state in ('unregistered', 'active', 'denied', 'lost', 'closed')),
    deposit_satang integer not null check (deposit_satang >= 0),
    replaced_by text,
    opened_us integer not null,
    changed_us integer not null
) strict, without rowid;

-- Days are inclusive, YYYYMMDD. What is taken back ends on the day before.
create table card_concession (
    card text not null references card (token),
    category text not null,
    from_day text not null,
    to_day text not null,
    changed_us integer not null,
    primary key (card, category, from_day)
) strict, without rowid;

-- What operators and other programs ask for. key makes a request sent twice one request.
create table fare_command (
    id integer primary key not null,
    key text not null,
    kind text not null,
    body text not null,
    card text not null,
    amount_satang integer,
    who text not null,
    role text not null,
    agency text not null,
    reason text not null,
    asked_us integer not null,
    approvals integer not null check (approvals in (0, 1))
) strict;
create unique index fare_command_key on fare_command (key);
create index fare_command_card on fare_command (card, id);

-- ready: to be executed, in the order of ids, which is that of commits. The rest says what became of a command.
create table fare_command_event (
    id integer primary key not null,
    command integer not null references fare_command (id),
    event text not null check (event in ('ready', 'refused', 'done', 'failed')),
    who text not null,
    at_us integer not null,
    detail text not null
) strict;
create unique index fare_command_event_once on fare_command_event (command, event);
create table fare_command_head (
    one integer primary key not null check (one = 1),
    command integer not null,
    event integer not null
) strict;
insert into fare_command_head (one, command, event) values (1, 0, 0);

create table operator (
    name text primary key not null check (length(name) between 1 and 64),
    role text not null check (role in ('viewer', 'dispatcher', 'fares', 'admin', 'auditor')),
    agency text not null,
    token_sha256 blob not null,
    created_us integer not null,
    revoked_us integer
) strict;
create unique index operator_token on operator (token_sha256);

create table inspection (
    id integer primary key autoincrement not null,
    at_us integer not null,
    card text not null,
    who text not null,
    place text not null,
    found text not null
) strict;
create index inspection_card on inspection (card, id);

create trigger fare_command_no_update before update on fare_command
begin
    select raise(abort, 'commands are never changed');
end;
create trigger fare_command_no_delete before delete on fare_command
begin
    select raise(abort, 'commands are never deleted');
end;
create trigger fare_command_event_no_update before update on fare_command_event
begin
    select raise(abort, 'what became of a command is never changed');
end;
create trigger fare_command_event_no_delete before delete on fare_command_event
begin
    select raise(abort, 'what became of a command is never deleted');
end;
