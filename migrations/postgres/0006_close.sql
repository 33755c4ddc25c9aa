-- Days that are closed, and the files of others. The same file for SQLite has the same tables, columns and keys.

-- step: the last step of the close that is done. hash: SHA-256 over the day, the hash of the day closed before, the
-- Merkle root over its journals and their count; seal: the hash, sealed with the server key.
create table day (
    service_day text primary key not null,
    state text not null check (state in ('open', 'cut', 'balanced', 'closed')),
    step text not null,
    changed_us bigint not null,
    journals bigint not null,
    root bytea not null,
    previous text not null,
    hash bytea not null,
    seal bytea not null
);
create trigger day_no_update before update on day
for each row when (old.state = 'closed')
execute function ledger_is_append_only();
create trigger day_no_delete before delete or truncate on day
for each statement execute function ledger_is_append_only();

-- A file, by its content: the same file again changes nothing.
create table statement_file (
    sha256 bytea primary key not null,
    source text not null check (source in ('psp', 'bank')),
    party text not null,
    name text not null,
    lines bigint not null,
    refused bigint not null,
    read_us bigint not null
);

create table psp_line (
    id bigint generated always as identity primary key,
    file bytea not null,
    line bigint not null,
    psp text not null,
    reference text not null,
    day text not null,
    status text not null check (status in ('paid', 'declined', 'refunded', 'chargeback')),
    amount_satang bigint not null,
    fee_satang bigint not null,
    payout text not null,
    class text not null
);
create unique index psp_line_place on psp_line (file, line);
create index psp_line_reference on psp_line (psp, reference);
create index psp_line_payout on psp_line (payout);

create table bank_line (
    id bigint generated always as identity primary key,
    file bytea not null,
    line bigint not null,
    account text not null,
    reference text not null,
    day text not null,
    amount_satang bigint not null,
    description text not null,
    class text not null
);
create unique index bank_line_place on bank_line (file, line);
create index bank_line_reference on bank_line (account, reference);
