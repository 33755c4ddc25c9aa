-- Versions of the tariff that were proposed, and who agreed to them. The same file for SQLite has the same tables,
-- columns and keys.

-- shadow: what the days before would have come to, as JSON.
create table tariff_version (
    version text primary key not null check (length(version) between 1 and 64),
    toml text not null,
    sha256 bytea not null,
    valid_from_us bigint not null,
    who text not null,
    reason text not null,
    proposed_us bigint not null,
    shadow text not null
);

-- Two that agree make it one that comes into force; one that withdraws it ends that.
create table tariff_version_event (
    version text not null references tariff_version (version),
    event text not null check (event in ('approve', 'withdraw')),
    who text not null,
    reason text not null,
    at_us bigint not null,
    primary key (version, event, who)
);

create trigger tariff_version_no_change before update or delete or truncate on tariff_version
for each statement execute function ledger_is_append_only();
create trigger tariff_version_event_no_change before update or delete or truncate on tariff_version_event
for each statement execute function ledger_is_append_only();
