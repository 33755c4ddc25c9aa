-- Days that are closed, and the files of others. The same file for PostgreSQL has the same tables, columns and keys.

-- step: the last step of the close that is done. hash: SHA-256 over the day, the hash of the day closed before, the
-- Merkle root over its journals and their count; seal: the hash, sealed with the server key.
create table day (
    service_day text primary key not null,
    state text not null check (state in ('open', 'cut', 'balanced', 'closed')),
    step text not null,
    changed_us integer not null,
    journals integer not null,
    root blob not null,
    previous text not null,
    hash blob not null,
    seal blob not null
) strict, without rowid;
create trigger day_no_update before update on day when old.state = 'closed'
begin
    select raise(abort, 'a closed day is never changed');
end;
create trigger day_no_delete before delete on day
begin
    select raise(abort, 'days are never deleted');
end;

-- A file, by its content: the same file again changes nothing.
create table statement_file (
    sha256 blob primary key not null,
    source text not null check (source in ('psp', 'bank')),
    party text not null,
    name text not null,
    lines integer not null,
    refused integer not null,
    read_us integer not null
) strict, without rowid;

create table psp_line (
    id integer primary key autoincrement not null,
    file blob not null,
    line integer not null,
    psp text not null,
    reference text not null,
    day text not null,
    status text not null check (status in ('paid', 'declined', 'refunded', 'chargeback')),
    amount_satang integer not null,
    fee_satang integer not null,
    payout text not null,
    class text not null
) strict;
create unique index psp_line_place on psp_line (file, line);
create index psp_line_reference on psp_line (psp, reference);
create index psp_line_payout on psp_line (payout);

create table bank_line (
    id integer primary key autoincrement not null,
    file blob not null,
    line integer not null,
    account text not null,
    reference text not null,
    day text not null,
    amount_satang integer not null,
    description text not null,
    class text not null
) strict;
create unique index bank_line_place on bank_line (file, line);
create index bank_line_reference on bank_line (account, reference);
