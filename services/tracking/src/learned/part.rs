//! One part of what is learned, as the document sees it: named, versioned, written, read, faded, shown.
//!
//! A part writes itself as a plain serde value of its own and knows nothing of files, feeds or other
//! parts. [`AnyPart`] and [`Kind`] are the same without its types, so that the document can hold them
//! in a list. What always holds: a part that can not be read says why and changes nothing.

use super::names::{Bound, Names, Naming, RouteRef};
use super::show::Section;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One part of what is learned. `learned/mod.rs` says how to add one.
pub(crate) trait Part {
    /// Its name in the document; never changes.
    const NAME: &'static str;
    /// Of [`Part::Saved`]: raised when that changes.
    const VERSION: u32;
    /// As it is written; its default is that nothing was seen. Numbers are `f32`: half the bytes, and JSON
    /// gives the same ones back.
    type Saved: Serialize + DeserializeOwned + Default;

    /// As it is written, in an order that is always the same.
    fn save(&self, names: &mut Naming<'_>) -> Self::Saved;

    /// Takes over what was written, in place of what was learned so far. A row whose route or stop is
    /// not in the timetable, or whose numbers are out of range, is left out and counted.
    fn load(&mut self, saved: Self::Saved, bound: &Bound) -> Taken;

    /// Lets what was seen so far weigh `share` (0 to 1) of what it weighed.
    fn fade(&mut self, share: f64);

    /// For people: what was learned, and what is believed where nothing was. With `route` only that one.
    fn show(saved: &Self::Saved, names: &Names, route: Option<RouteRef>) -> Vec<Section>;

    /// Drops what was seen of a route; says how many rows that were. Parts not kept by route do nothing.
    fn forget(_saved: &mut Self::Saved, _route: RouteRef) -> u64 {
        0
    }

    /// Reads what an older version wrote.
    ///
    /// # Errors
    /// A sentence, when that version can not be read any more.
    fn upgrade(version: u32, _json: &str) -> Result<Self::Saved, String> {
        Err(format!("version {version} can not be read any more, learn it anew"))
    }
}

/// How many rows of a part were taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Rows in force.
    pub rows: u64,
    /// Rows about routes or stops that the timetable does not have.
    pub unbound: u64,
    /// Rows with numbers that can not be.
    pub out_of_range: u64,
}

impl Taken {
    /// Counts a row: `None` is unbound, `Some(false)` out of range. Says whether it is to be taken.
    pub(crate) fn row(&mut self, bound: bool, in_range: bool) -> bool {
        let count = match (bound, in_range) {
            (false, _) => &mut self.unbound,
            (true, false) => &mut self.out_of_range,
            (true, true) => &mut self.rows,
        };
        *count += 1;
        bound && in_range
    }
}

/// A part in a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedPart {
    pub(crate) version: u32,
    pub(crate) data: Box<RawValue>,
}

/// [`Part`] without its types.
pub(crate) trait AnyPart {
    fn named(&self) -> &'static str;
    fn write(&self, names: &mut Naming<'_>) -> Result<SavedPart, String>;
    fn read(&mut self, saved: &SavedPart, bound: &Bound) -> Result<Taken, String>;
    fn age(&mut self, share: f64);
}

impl<P: Part> AnyPart for P {
    fn named(&self) -> &'static str {
        P::NAME
    }

    fn write(&self, names: &mut Naming<'_>) -> Result<SavedPart, String> {
        pack::<P>(&self.save(names))
    }

    fn read(&mut self, saved: &SavedPart, bound: &Bound) -> Result<Taken, String> {
        Ok(self.load(unpack::<P>(saved)?, bound))
    }

    fn age(&mut self, share: f64) {
        self.fade(share);
    }
}

type Shown = fn(Option<&SavedPart>, &Names, Option<RouteRef>) -> Result<Vec<Section>, String>;
type Forgotten = fn(&SavedPart, RouteRef) -> Result<(SavedPart, u64), String>;

/// What can be done with a saved part, or none, and no timetable.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) show: Shown,
    pub(crate) forget: Forgotten,
}

impl Kind {
    pub(crate) const fn of<P: Part>() -> Self {
        Self {
            name: P::NAME,
            show: |saved, names, route| {
                let saved = saved.map_or_else(|| Ok(P::Saved::default()), unpack::<P>)?;
                Ok(P::show(&saved, names, route))
            },
            forget: |saved, route| {
                let mut saved = unpack::<P>(saved)?;
                let dropped = P::forget(&mut saved, route);
                Ok((pack::<P>(&saved)?, dropped))
            },
        }
    }
}

fn pack<P: Part>(saved: &P::Saved) -> Result<SavedPart, String> {
    let data = serde_json::value::to_raw_value(saved).map_err(|error| error.to_string())?;
    Ok(SavedPart { version: P::VERSION, data })
}

fn unpack<P: Part>(saved: &SavedPart) -> Result<P::Saved, String> {
    match saved.version {
        version if version > P::VERSION => Err(format!(
            "it has version {version}, this program reads up to {}: use a newer program",
            P::VERSION
        )),
        version if version < P::VERSION => P::upgrade(version, saved.data.get()),
        _ => serde_json::from_str(saved.data.get()).map_err(|error| format!("it can not be read: {error}")),
    }
}
