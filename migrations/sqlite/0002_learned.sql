-- What the tracking core has learned, as packed documents; a few versions of each feed are kept. The same file for
-- PostgreSQL has the same tables, columns and keys.

create table learned (
    id integer primary key autoincrement not null,
    feed text not null check (length(feed) between 1 and 64),
    source text not null check (source in ('server', 'command')),
    saved_us integer not null,
    feed_version text not null,
    visits integer not null,
    byte_count integer not null,
    document blob not null
) strict;
create index learned_feed on learned (feed, id);
