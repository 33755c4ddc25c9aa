//! Both databases have the same tables, columns, types, nulls and keys: what migrates one migrates the other.

use crate::place::Place;
use sqlx::Connection;

/// One line for every column: table, name, type in SQLite's words, nullable, place in the primary key.
type Columns = Vec<String>;

const SQLITE_COLUMNS: &str = "\
    select t.name || '.' || c.name || ' ' || lower(c.type) || case c.\"notnull\" when 1 then ' not null' else '' end \
    || case c.pk when 0 then '' else ' key ' || c.pk end \
    from sqlite_master t join pragma_table_info(t.name) c \
    where t.type = 'table' and t.name not like 'sqlite%' and t.name not like '\\_sqlx%' escape '\\' order by 1";

const POSTGRES_COLUMNS: &str = "\
    select c.table_name || '.' || c.column_name || ' ' || case c.data_type when 'bigint' then 'integer' \
    when 'double precision' then 'real' when 'bytea' then 'blob' else c.data_type end \
    || case c.is_nullable when 'NO' then ' not null' else '' end || coalesce(' key ' || k.ordinal_position, '') \
    from information_schema.columns c \
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name \
    left join information_schema.table_constraints p on p.table_schema = c.table_schema \
    and p.table_name = c.table_name and p.constraint_type = 'PRIMARY KEY' \
    left join information_schema.key_column_usage k on k.constraint_schema = p.constraint_schema \
    and k.constraint_name = p.constraint_name and k.column_name = c.column_name \
    where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' \
    and c.table_name not like '\\_sqlx%' order by c.table_name collate \"C\", c.column_name collate \"C\"";

/// Indexes that a migration names; those of primary keys have names of their own in each database.
const SQLITE_INDEXES: &str = "\
    select i.tbl_name || ' ' || i.name || case l.\"unique\" when 1 then ' unique' else '' end \
    || case l.partial when 1 then ' partial' else '' end || ' ' || \
    (select group_concat(c.name, ',') from (select name from pragma_index_info(i.name) order by seqno) c) \
    from sqlite_master i join pragma_index_list(i.tbl_name) l on l.name = i.name \
    where i.type = 'index' and i.sql is not null order by 1";

const POSTGRES_INDEXES: &str = "\
    select t.relname || ' ' || i.relname || case x.indisunique when true then ' unique' else '' end \
    || case when x.indpred is null then '' else ' partial' end || ' ' || \
    (select string_agg(a.attname, ',' order by k.n) from unnest(x.indkey) with ordinality k (attnum, n) \
    join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum) \
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid \
    join pg_namespace s on s.oid = t.relnamespace \
    where s.nspname = current_schema() and not x.indisprimary and t.relname not like '\\_sqlx%' order by 1";

async fn sqlite(place: &Place, sql: &'static str) -> Columns {
    let path = place.url.strip_prefix("sqlite:").unwrap();
    let mut connection = sqlx::SqliteConnection::connect(path).await.unwrap();
    let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    sorted(rows)
}

async fn postgres(place: &Place, sql: &'static str) -> Columns {
    let mut connection = sqlx::PgConnection::connect(&place.url).await.unwrap();
    let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    sorted(rows)
}

fn sorted(rows: Vec<(String,)>) -> Columns {
    let mut lines: Columns = rows.into_iter().map(|(line,)| line).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_types_nulls_and_keys() {
    let Some(pg) = Place::postgres("parity of columns").await else { return };
    let lite = Place::sqlite().await;
    for place in [&lite, &pg] {
        place.open().await.close().await;
    }
    let (of_sqlite, of_postgres) =
        (sqlite(&lite, SQLITE_COLUMNS).await, postgres(&pg, POSTGRES_COLUMNS).await);
    assert!(of_sqlite.iter().any(|line| line == "ping.seq integer not null key 2"), "{of_sqlite:#?}");
    assert_eq!(of_sqlite, of_postgres);
    let (of_sqlite, of_postgres) =
        (sqlite(&lite, SQLITE_INDEXES).await, postgres(&pg, POSTGRES_INDEXES).await);
    assert!(
        of_sqlite.contains(&"device_key device_key_token unique partial secret".to_owned()),
        "{of_sqlite:#?}"
    );
    assert_eq!(of_sqlite, of_postgres);
    pg.remove().await;
}
