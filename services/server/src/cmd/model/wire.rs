//! What was learned as JSON. Field names are promised to scripts: add, never rename.

use super::Found;
use serde::Serialize;
use store::LearnedVersion;
use tracking::learned::{Cell, PartShown, RouteRef, Section};

#[derive(Serialize)]
struct ModelWire {
    /// Microseconds UTC.
    saved_us: i64,
    publisher: String,
    feed_version: String,
    feed_hash: String,
    visits: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    parts: Vec<PartWire>,
    /// Versions in the database, newest first.
    kept: Vec<VersionWire>,
}

#[derive(Serialize)]
struct PartWire {
    part: String,
    version: Option<u32>,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    sections: Vec<SectionWire>,
}

#[derive(Serialize)]
struct SectionWire {
    title: String,
    prior: String,
    note: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<CellWire>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum CellWire {
    Text(String),
    Count(u64),
    Number(f64),
}

#[derive(Serialize)]
struct VersionWire {
    version: i64,
    saved_us: i64,
    source: &'static str,
    feed_version: String,
    visits: u64,
    bytes: u64,
}

pub(super) fn json(found: &Found, route: Option<RouteRef>) -> anyhow::Result<String> {
    let feed = found.document.feed().clone();
    let model = ModelWire {
        saved_us: found.document.saved().0,
        publisher: feed.publisher,
        feed_version: feed.version,
        feed_hash: feed.hash.to_string(),
        visits: found.document.visits(),
        version: found.stored.as_ref().map(|stored| stored.id),
        parts: found.document.show(route).into_iter().map(part).collect(),
        kept: found.kept.iter().map(version).collect(),
    };
    Ok(serde_json::to_string_pretty(&model)?)
}

fn part(shown: PartShown) -> PartWire {
    let (sections, refused) = match shown.sections {
        Ok(sections) => (sections, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    PartWire {
        part: shown.part,
        version: shown.version,
        bytes: shown.byte_count,
        refused,
        sections: sections.into_iter().map(section).collect(),
    }
}

fn section(section: Section) -> SectionWire {
    let cell = |cell: Cell| match cell {
        Cell::Text(text) => CellWire::Text(text),
        Cell::Count(count) => CellWire::Count(count),
        Cell::Number(value, _) | Cell::Share(value) => CellWire::Number(value),
    };
    SectionWire {
        title: section.title,
        prior: section.prior,
        note: section.note,
        columns: section.columns,
        rows: section.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect(),
    }
}

fn version(kept: &LearnedVersion) -> VersionWire {
    VersionWire {
        version: kept.id,
        saved_us: kept.saved.0,
        source: if kept.by_command { "command" } else { "server" },
        feed_version: kept.feed_version.clone(),
        visits: kept.visits,
        bytes: kept.byte_count,
    }
}
