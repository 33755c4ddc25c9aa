//! Both databases have the same migrations; what they make is compared by the store's parity test.

use super::{assert_none, root};
use std::collections::BTreeSet;

fn names(backend: &str) -> BTreeSet<String> {
    std::fs::read_dir(root().join("migrations").join(backend))
        .expect("a folder of migrations")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".sql"))
        .collect()
}

#[test]
fn sqlite_and_postgres_have_the_same_migrations() {
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    let alone: Vec<String> = sqlite.symmetric_difference(&postgres).cloned().collect();
    assert_none(&alone, "migrations that only one database has:");
    assert!(!sqlite.is_empty(), "there are no migrations");
}
