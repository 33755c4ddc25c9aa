//! The import table of ARCHITECTURE.md, enforced.

use super::{assert_none, root};

/// A package: its folder, which of ours it may import, and what it may never import.
struct Rule {
    folder: &'static str,
    ours: &'static [&'static str],
    never: &'static [&'static str],
}

/// What no pure package may import: anything that does IO, keeps a clock or rolls dice.
const IMPURE: &[&str] =
    &["tokio", "sqlx", "redis", "axum", "hyper", "reqwest", "rand", "tracing", "tempfile"];

const OURS: &[&str] = &[
    "gtfs",
    "tracking",
    "fares",
    "store",
    "server",
    "stop-display",
    "tests",
    "city",
    "load",
    "sample-network",
];

const TABLE: &[Rule] = &[
    Rule { folder: "gtfs", ours: &[], never: IMPURE },
    Rule { folder: "services/tracking", ours: &["gtfs"], never: IMPURE },
    Rule { folder: "services/fares", ours: &["gtfs"], never: IMPURE },
    Rule {
        folder: "services/store",
        ours: &["gtfs", "tracking", "fares"],
        never: &["axum", "hyper", "reqwest"],
    },
    Rule {
        folder: "services/server",
        ours: &["gtfs", "tracking", "fares", "store", "stop-display"],
        never: &["sqlx", "redis"],
    },
    Rule { folder: "tests/city", ours: &["gtfs", "tracking"], never: IMPURE },
    Rule { folder: "ops/sample-network", ours: &["fares"], never: IMPURE },
    Rule { folder: "ops/load", ours: &["gtfs", "tracking", "fares", "store", "server"], never: &["redis"] },
    Rule { folder: "stop-display", ours: &[], never: &["sqlx", "redis", "axum", "hyper", "reqwest"] },
];

fn dependencies(folder: &str) -> Vec<(String, bool)> {
    let path = root().join(folder).join("Cargo.toml");
    let manifest: toml::Table =
        std::fs::read_to_string(path).expect("a manifest").parse().expect("valid TOML");
    manifest.get("dependencies").and_then(toml::Value::as_table).map_or_else(Vec::new, |table| {
        let optional =
            |value: &toml::Value| value.get("optional").and_then(toml::Value::as_bool) == Some(true);
        table.iter().map(|(name, value)| (name.clone(), optional(value))).collect()
    })
}

#[test]
fn each_package_imports_only_what_the_table_allows() {
    let mut complaints = Vec::new();
    for Rule { folder, ours, never } in TABLE {
        for (name, _) in dependencies(folder) {
            if OURS.contains(&name.as_str()) && !ours.contains(&name.as_str()) {
                complaints.push(format!("{folder} may not import our {name}"));
            }
            if never.contains(&name.as_str()) {
                complaints.push(format!("{folder} may never import {name}"));
            }
        }
    }
    assert_none(&complaints, "the import table of ARCHITECTURE.md is broken:");
}

#[test]
fn the_panel_library_needs_nothing_heavy() {
    let heavy: Vec<String> = dependencies("stop-display")
        .into_iter()
        .filter(|(name, optional)| {
            !optional && !["serde", "serde_json", "crc32fast"].contains(&name.as_str())
        })
        .map(|(name, _)| name)
        .collect();
    assert_none(&heavy, "panels build stop-display's library; make these optional behind `client`:");
}

#[test]
fn only_feed_code_names_gtfs_structures() {
    let complaints: Vec<String> = super::texts(&["rs"])
        .into_iter()
        .filter(|(path, text)| {
            let allowed = ["gtfs/src/feed", "gtfs/benches", "gtfs/examples", "gtfs/tests", "tests/", "ops/"];
            text.contains("gtfs_structures")
                && !allowed
                    .iter()
                    .any(|prefix| path.starts_with(prefix) || path.to_string_lossy().starts_with(prefix))
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_none(&complaints, "gtfs_structures is the feed reader's affair:");
}
