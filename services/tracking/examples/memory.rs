//! What the core keeps in memory for 10,200 vehicles on 300 lines, counted by the allocator.
//!
//! `cargo run --profile judge -p tracking --example memory`; fails when everything together, timetable
//! and learned tables included, is more than [`BUDGET_MB`].

#![expect(clippy::print_stdout, reason = "an example prints")]

#[path = "../benches/fleet/mod.rs"]
mod fleet;

use flate2::{Compression, write::GzEncoder};
use fleet::{LINES, VEHICLES};
use gtfs::Timestamp;
use peak_alloc::PeakAlloc;
use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use tracking::{Effect, Event, Tracker};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// All of it, megabytes (design, Cost budget).
const BUDGET_MB: f64 = 150.0;

fn main() -> Result<(), Box<dyn Error>> {
    let timetable = fleet::timetable()?;
    let feed = HEAP.current_usage();
    say("timetable", feed, LINES, "line");
    let pings = fleet::pings(&timetable)?;

    let before = HEAP.current_usage();
    let mut tracker = Tracker::new(Arc::clone(&timetable));
    let empty = HEAP.current_usage() - before;
    say("the core before the first ping", empty, timetable.stops.len(), "stop");
    let (mut effects, mut wake) = (Vec::new(), None);
    let mut now = pings.first().map_or(Timestamp::default(), |ping| ping.received);
    tracker.step(now, Event::Tick, &mut effects);
    for ping in &pings {
        take(&mut effects, &mut wake);
        while let Some(due) = wake.filter(|due| *due <= ping.received) {
            wake = None;
            tracker.step(due, Event::Tick, &mut effects);
            take(&mut effects, &mut wake);
        }
        now = ping.received;
        tracker.step(now, Event::Ping(ping.clone()), &mut effects);
    }
    drop(effects);
    let core = HEAP.current_usage() - before;
    say("the core with the fleet under way", core, LINES * VEHICLES, "vehicle");

    let before = HEAP.current_usage();
    let lessons = tracker.lessons(now);
    say("of that, what was learned", HEAP.current_usage() - before, timetable.pattern_calls.len(), "call");
    let document = lessons.document().to_bytes()?;
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&document)?;
    println!("saved: {} bytes of JSON, {} packed", document.len(), packer.finish()?.len());

    let all_mb = (feed + core) as f64 / 1e6;
    println!("together {all_mb:.1} MB, budget {BUDGET_MB:.0} MB");
    if all_mb > BUDGET_MB { Err("over the budget".into()) } else { Ok(()) }
}

fn say(what: &str, bytes: usize, each: usize, of: &str) {
    println!("{what:34} {:7.1} MB, {:6} bytes a {of}", bytes as f64 / 1e6, bytes / each.max(1));
}

/// Drops what was said, as the drivers do once it is sent; boards stay alive in the core.
fn take(effects: &mut Vec<Effect>, wake: &mut Option<Timestamp>) {
    for effect in effects.drain(..) {
        if let Effect::WakeAt(t) = effect {
            *wake = Some(t);
        }
    }
}
