//! The first lines of a demo: what runs, and what to open.

use super::sim::riders::Mounting;
use super::start::{Prepared, reachable};
use super::terminals::slips;
use chrono_tz::Asia::Bangkok;
use gtfs::Timestamp;
use std::net::SocketAddr;

/// The stops whose panels the banner offers: a busy bus stop, and a pier.
const BUS_STOP: &str = "station";
const PIER: &str = "pier-sothon";

/// What the banner tells.
#[derive(Debug)]
pub(crate) struct Town {
    base_url: String,
    begin: Timestamp,
    speed: f64,
    vehicles: usize,
    out: usize,
    faults: Vec<(String, &'static str)>,
    riders: usize,
    on_buses: usize,
    at_piers: usize,
    terminal_faults: Vec<(String, &'static str)>,
    stops: usize,
    routes: usize,
}

impl Town {
    /// The facts of a prepared demo.
    pub(crate) fn of(town: &Prepared, listen: SocketAddr, begin: Timestamp, speed: f64) -> Self {
        let terminals = &town.park.terminals;
        let at_piers = terminals.iter().filter(|t| matches!(t.mounting, Mounting::Pier(_))).count();
        let faulty = terminals.iter().filter_map(|t| Some((t.mounting.terminal(), t.fault.words()?)));
        Self {
            base_url: format!("http://{}", reachable(listen)),
            begin,
            speed,
            vehicles: town.trackers.len(),
            out: town.out,
            faults: town.faults.clone(),
            riders: town.park.riders.people().len(),
            on_buses: terminals.len() - at_piers,
            at_piers,
            terminal_faults: faulty.collect(),
            stops: town.timetable.stops.len(),
            routes: town.timetable.routes.len(),
        }
    }
}

/// The lines, ready to print.
pub(crate) fn lines(town: &Town) -> Vec<String> {
    let Town { base_url, speed, vehicles, out, stops, routes, .. } = town;
    let clock = town.begin.utc().unwrap_or_default().with_timezone(&Bangkok).format("%A %-d %B %Y, %H:%M");
    let pace = if *speed == 1.0 { String::new() } else { format!(", {speed} times as fast") };
    let mut lines = vec![
        String::new(),
        "  Padriew demo: Chachoengsao, a sample network, not an official timetable".to_owned(),
        format!("  It is {clock} in Bangkok{pace}. {out} of {vehicles} simulated vehicles are out."),
        format!("  {routes} lines, {stops} stops and piers. Ctrl-C ends it and leaves nothing behind."),
        String::new(),
        format!("    start here     {base_url}/"),
        format!("    bus panel      {base_url}/panel/{BUS_STOP}"),
        format!("    pier panel     {base_url}/panel/{PIER}"),
        format!("    rider page     {base_url}/s/{BUS_STOP}"),
        format!("    departures     {base_url}/v1/stops/{BUS_STOP}/departures"),
        format!("    GTFS-realtime  {base_url}/gtfs-rt/trip-updates.json  (.pb; vehicle-positions, alerts)"),
        String::new(),
    ];
    if !town.faults.is_empty() {
        lines.push("  Some trackers are faulty on purpose:".to_owned());
        lines.extend(town.faults.iter().map(|(vehicle, words)| format!("    {vehicle:14} {words}")));
        lines.push(String::new());
    }
    lines.extend(fares(town));
    lines
}

/// The single card: terminals, riders, and what is wrong with them.
fn fares(town: &Town) -> Vec<String> {
    let Town { base_url, riders, on_buses, at_piers, .. } = town;
    if *riders == 0 {
        return Vec::new();
    }
    let mut lines = vec![
        format!(
            "  {riders} simulated riders tap cards on {on_buses} buses and at {at_piers} piers. What became of"
        ),
        format!("  the taps is said here every hour, and in {base_url}/metrics (padriew_demo_*)."),
        format!("  Riders err: {}.", slips()),
        "  Some fare terminals are faulty on purpose:".to_owned(),
    ];
    lines.extend(town.terminal_faults.iter().map(|(terminal, words)| format!("    {terminal:14} {words}")));
    lines.push(String::new());
    lines
}
