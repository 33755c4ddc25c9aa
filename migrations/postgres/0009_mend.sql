-- What people do about terminals by hand. The same file for SQLite has the same tables, columns and keys.

-- A code with which a terminal fetches its key, once: its SHA-256, when it was made, and how often a wrong one was tried.
create table terminal_code (
    terminal text primary key not null references terminal (id),
    code_sha256 bytea not null,
    made_us bigint not null,
    tries bigint not null
);

-- The clocks of the request that brought it, so that a tap that is mended is timed as if it had been readable; and who
-- settled it, when and why.
alter table tap_quarantine add column boot text;
alter table tap_quarantine add column up_ms bigint;
alter table tap_quarantine add column wall_us bigint;
alter table tap_quarantine add column rtt_ms bigint;
alter table tap_quarantine add column deny_ver bigint;
alter table tap_quarantine add column settled_us bigint;
alter table tap_quarantine add column settled_by text;
alter table tap_quarantine add column reason text;
