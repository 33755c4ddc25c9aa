//! The sample network inside the program, so that a demo needs nothing but the program.

use anyhow::Context as _;
use std::path::Path;

#[derive(rust_embed::RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../ops/sample-network/feed/"]
struct Feed;

/// What riders of the sample network pay.
const TARIFF: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/sample-network/facts/tariff.toml"));

/// Writes the tariff file to `path`.
///
/// # Errors
/// When it can not be written.
pub fn write_tariff_to(path: &Path) -> anyhow::Result<()> {
    std::fs::write(path, TARIFF).with_context(|| format!("can not write {}", path.display()))
}

/// Writes the feed into `folder`, one file per table.
///
/// # Errors
/// When the folder can not be written.
pub fn write_to(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("can not create {}", folder.display()))?;
    for name in Feed::iter() {
        let file = Feed::get(&name).with_context(|| format!("{name} is not in the program"))?;
        let path = folder.join(name.as_ref());
        std::fs::write(&path, file.data).with_context(|| format!("can not write {}", path.display()))?;
    }
    Ok(())
}
