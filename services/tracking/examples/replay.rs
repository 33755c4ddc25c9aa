//! `cargo run --release --example replay -- RECORDING GTFS OUT`: the replay without the server.

use std::fs::File;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, recording, feed, out] = args.as_slice() else { return Err("RECORDING GTFS OUT".into()) };
    let loaded = gtfs::load(gtfs::Source::Path(feed.as_ref()))?;
    let recording = tracking::replay::Recording::read(File::open(recording)?)?;
    let log = std::io::BufWriter::new(File::create(out)?);
    let summary = tracking::replay::replay(
        &recording,
        Arc::new(loaded.timetable),
        tracking::Params::default(),
        log,
        |_, _| {},
    )?;
    std::fs::write(format!("{out}.summary"), format!("{summary:#?}\n"))?;
    Ok(())
}
