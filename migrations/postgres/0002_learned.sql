-- What the tracking core has learned, as packed documents; a few versions of each feed are kept. The same file for
-- SQLite has the same tables, columns and keys.

create table learned (
    id bigint generated always as identity primary key,
    feed text not null check (length(feed) between 1 and 64),
    source text not null check (source in ('server', 'command')),
    saved_us bigint not null,
    feed_version text not null,
    visits bigint not null,
    byte_count bigint not null,
    document bytea not null
);
create index learned_feed on learned (feed, id);
