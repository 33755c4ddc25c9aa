-- Versions of the tariff that were proposed, and who agreed to them. The same file for PostgreSQL has the same tables,
-- columns and keys.

-- shadow: what the days before would have come to, as JSON.
create table tariff_version (
    version text primary key not null check (length(version) between 1 and 64),
    toml text not null,
    sha256 blob not null,
    valid_from_us integer not null,
    who text not null,
    reason text not null,
    proposed_us integer not null,
    shadow text not null
) strict, without rowid;

-- Two that agree make it one that comes into force; one that withdraws it ends that.
create table tariff_version_event (
    version text not null references tariff_version (version),
    event text not null check (event in ('approve', 'withdraw')),
    who text not null,
    reason text not null,
    at_us integer not null,
    primary key (version, event, who)
) strict, without rowid;

create trigger tariff_version_no_update before update on tariff_version
begin
    select raise(abort, 'a version of the tariff is never changed');
end;
create trigger tariff_version_no_delete before delete on tariff_version
begin
    select raise(abort, 'a version of the tariff is never deleted');
end;
create trigger tariff_version_event_no_update before update on tariff_version_event
begin
    select raise(abort, 'what became of a version is never changed');
end;
create trigger tariff_version_event_no_delete before delete on tariff_version_event
begin
    select raise(abort, 'what became of a version is never deleted');
end;
