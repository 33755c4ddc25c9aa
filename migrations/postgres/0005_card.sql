-- Cards, what people ask to be done with them, and the people who ask. The same file for SQLite has the same tables,
-- columns and keys.

create table card (
    token text primary key not null check (length(token) between 1 and 128),
    state text not null check (state in ('unregistered', 'active', 'denied', 'lost', 'closed')),
    deposit_satang bigint not null check (deposit_satang >= 0),
    replaced_by text,
    opened_us bigint not null,
    changed_us bigint not null
);

-- Days are inclusive, YYYYMMDD. What is taken back ends on the day before.
create table card_concession (
    card text not null references card (token),
    category text not null,
    from_day text not null,
    to_day text not null,
    changed_us bigint not null,
    primary key (card, category, from_day)
);

-- What operators and other programs ask for. key makes a request sent twice one request.
create table fare_command (
    id bigint primary key not null,
    key text not null,
    kind text not null,
    body text not null,
    card text not null,
    amount_satang bigint,
    who text not null,
    role text not null,
    agency text not null,
    reason text not null,
    asked_us bigint not null,
    approvals bigint not null check (approvals in (0, 1))
);
create unique index fare_command_key on fare_command (key);
create index fare_command_card on fare_command (card, id);

-- ready: to be executed, in the order of ids, which is that of commits. The rest says what became of a command.
create table fare_command_event (
    id bigint primary key not null,
    command bigint not null references fare_command (id),
    event text not null check (event in ('ready', 'refused', 'done', 'failed')),
    who text not null,
    at_us bigint not null,
    detail text not null
);
create unique index fare_command_event_once on fare_command_event (command, event);
create table fare_command_head (
    one bigint primary key not null check (one = 1),
    command bigint not null,
    event bigint not null
);
insert into fare_command_head (one, command, event) values (1, 0, 0);

create table operator (
    name text primary key not null check (length(name) between 1 and 64),
    role text not null check (role in ('viewer', 'dispatcher', 'fares', 'admin', 'auditor')),
    agency text not null,
    token_sha256 bytea not null,
    created_us bigint not null,
    revoked_us bigint
);
create unique index operator_token on operator (token_sha256);

create table inspection (
    id bigint generated always as identity primary key,
    at_us bigint not null,
    card text not null,
    who text not null,
    place text not null,
    found text not null
);
create index inspection_card on inspection (card, id);

create trigger fare_command_no_change before update or delete or truncate on fare_command
for each statement execute function ledger_is_append_only();
create trigger fare_command_event_no_change before update or delete or truncate on fare_command_event
for each statement execute function ledger_is_append_only();
