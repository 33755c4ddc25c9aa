//! A counterexample as a person reads it.

use super::Counterexample;
use crate::leg::{Leg, LegStatus};
use crate::ride::PlacedTap;
use chrono_tz::Tz;
use gtfs::Timestamp;
use std::fmt;

fn clock(t: Timestamp, tz: Tz) -> String {
    let local = t.utc().unwrap_or_default().with_timezone(&tz);
    local.format("%Y-%m-%d %H:%M").to_string()
}

fn or<'a>(text: &'a str, unknown: &'a str) -> &'a str {
    if text.is_empty() { unknown } else { text }
}

struct Told<'a>(&'a Leg, Tz);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Leg { network, from, to, price, status, .. } = self.0;
        let end = match status {
            LegStatus::MissingOn => ", no tap-on",
            LegStatus::MissingOff => ", no tap-off",
            _ => "",
        };
        let (from, to) = (or(from, "?"), or(to, "?"));
        write!(f, "{} {network} {from} to {to}{end}: {}", clock(self.0.start, self.1), price.alone)?;
        if price.transfer.0 < 0 {
            write!(f, ", change {}", price.transfer)?;
        }
        if price.capped.0 < 0 {
            write!(f, ", cap {} {}", price.cap.as_deref().unwrap_or(""), price.capped)?;
        }
        write!(f, " = {}", price.charge)
    }
}

/// Writes both histories, leg by leg, and what each costs.
impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tap = self.history.taps.iter().find(|tap| tap.id == self.left_out);
        let tap = |f: &mut fmt::Formatter<'_>| match tap {
            Some(PlacedTap { t, place, kind, .. }) => {
                write!(
                    f,
                    "the tap {} at {} ({} {})",
                    kind.word(),
                    clock(*t, self.tz),
                    place.network,
                    place.stop
                )
            }
            None => f.write_str("a tap"),
        };
        let rider = or(&self.history.category, "of the default category");
        write!(f, "a rider ({rider}) who leaves out ")?;
        tap(f)?;
        writeln!(f, " pays {} instead of {}: history {}", self.other, self.honest, self.number)?;
        for (name, legs) in [("with it", &self.honest_legs), ("without", &self.other_legs)] {
            writeln!(f, "  {name}:")?;
            for leg in legs {
                writeln!(f, "    {}", Told(leg, self.tz))?;
            }
        }
        Ok(())
    }
}
