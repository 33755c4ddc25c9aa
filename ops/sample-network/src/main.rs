//! `cargo run -p sample-network`: writes the feed to `ops/sample-network/feed`, or to the folder named.

use anyhow::Context as _;
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/feed")), PathBuf::from);
    std::fs::create_dir_all(&folder).with_context(|| format!("can not create {}", folder.display()))?;
    for file in sample_network::feed()? {
        let path = folder.join(file.name);
        std::fs::write(&path, file.text).with_context(|| format!("can not write {}", path.display()))?;
    }
    Ok(())
}
