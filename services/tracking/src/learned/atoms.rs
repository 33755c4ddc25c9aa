//! Road atoms: every line of the timetable cut into short pieces of road that lines share.
//!
//! The way between two stops is cut into equal pieces of at most 250 m. An atom is known by where
//! the way begins and ends, by which piece of it it is, and by its length: no stop or trip ids, so
//! routes that use the same road share it, and so do feeds of different weeks. It holds no times.
//! What always holds: the pieces of a leg cover it from one stop to the next, in order, without gap.

use gtfs::timetable::{PatternCall, Stop, as_usize};
use gtfs::{StopIdx, Timetable};
use rustc_hash::FxHashMap;

/// Longest piece, metres (tracking.md §5).
const PIECE_M_MAX: f32 = 250.0;
/// Most pieces of one leg: beyond, they get longer.
const PIECES_MAX: usize = 64;
/// Ends are the same place when they round to the same multiple of this, degrees: 33 m.
const PLACE_DEG: f64 = 0.000_3;
/// Lengths are the same when they round to the same multiple of this, metres.
const LENGTH_M: f32 = 50.0;

/// An atom, as position in the tables of what was learned of atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AtomIdx(pub(crate) u32);

impl AtomIdx {
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// One piece of a leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) atom: AtomIdx,
    /// Where it ends, metres along the pattern's shape; it begins where the one before it ended.
    pub(crate) to_m: f32,
}

/// Where an atom is: a piece of the road between two stops, of those that were found there first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) from: StopIdx,
    pub(crate) to: StopIdx,
    pub(crate) piece: u16,
    pub(crate) count: u16,
}

/// The atoms of a timetable.
#[derive(Debug, Default)]
pub(crate) struct Atoms {
    /// The lasting identity of each atom.
    ids: Vec<u64>,
    places: Vec<Place>,
    pieces: Vec<Piece>,
    /// Per row of [`Timetable::pattern_calls`]: where the leg that ends there begins in `pieces`.
    legs: Vec<u32>,
}

impl Atoms {
    /// Cuts every pattern.
    pub(crate) fn of(timetable: &Timetable) -> Self {
        let mut atoms = Self::default();
        let mut known = FxHashMap::default();
        atoms.legs.reserve(timetable.pattern_calls.len() + 1);
        let mut patterns: Vec<_> =
            timetable.patterns.iter().map(|pattern| as_usize(&pattern.calls)).collect();
        patterns.sort_by_key(|calls| calls.start);
        for calls in patterns {
            let calls = &timetable.pattern_calls[calls];
            for at in 0..calls.len() {
                atoms.legs.push(atoms.pieces.len() as u32);
                if at > 0 {
                    atoms.cut(timetable, calls[at - 1], calls[at], &mut known);
                }
            }
        }
        atoms.legs.push(atoms.pieces.len() as u32);
        atoms
    }

    fn cut(
        &mut self,
        timetable: &Timetable,
        from: PatternCall,
        to: PatternCall,
        known: &mut FxHashMap<u64, AtomIdx>,
    ) {
        let length_m = (to.along_m - from.along_m).max(0.0);
        let count = ((length_m / PIECE_M_MAX).ceil() as usize).clamp(1, PIECES_MAX);
        let ends = [from.stop, to.stop].map(|stop| place(&timetable.stops[stop.at()]));
        for piece in 0..count {
            let id = identity(ends, piece, count, (length_m / LENGTH_M).round() as u64);
            let atom = *known.entry(id).or_insert_with(|| {
                self.ids.push(id);
                self.places.push(Place {
                    from: from.stop,
                    to: to.stop,
                    piece: piece as u16,
                    count: count as u16,
                });
                AtomIdx(self.ids.len() as u32 - 1)
            });
            let share = (piece + 1) as f32 / count as f32;
            self.pieces.push(Piece { atom, to_m: from.along_m + share * length_m });
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Its lasting identity.
    pub(crate) fn id(&self, atom: AtomIdx) -> u64 {
        self.ids[atom.at()]
    }

    /// All of them by identity.
    pub(crate) fn by_id(&self) -> FxHashMap<u64, AtomIdx> {
        self.ids.iter().enumerate().map(|(at, id)| (*id, AtomIdx(at as u32))).collect()
    }

    /// Where it is, for people.
    pub(crate) fn place(&self, atom: AtomIdx) -> Place {
        self.places[atom.at()]
    }

    /// Which share an atom is of the road between its two stops.
    pub(crate) fn share(&self, atom: AtomIdx) -> f32 {
        1.0 / f32::from(self.places[atom.at()].count)
    }

    /// The pieces of the leg that ends at a row of [`Timetable::pattern_calls`].
    pub(crate) fn leg(&self, row: usize) -> &[Piece] {
        let bounds = self.legs.get(row).zip(self.legs.get(row + 1));
        bounds.map_or(&[], |(from, to)| &self.pieces[*from as usize..*to as usize])
    }
}

fn place(stop: &Stop) -> [i64; 2] {
    [stop.lat, stop.lon].map(|degrees| (degrees / PLACE_DEG).round() as i64)
}

/// The identity of a piece, equal on every machine and in every feed: FNV-1a over its parts.
fn identity(ends: [[i64; 2]; 2], piece: usize, count: usize, length: u64) -> u64 {
    let parts = ends.as_flattened().iter().map(|part| *part as u64);
    let parts = parts.chain([piece as u64, count as u64, length]);
    parts.flat_map(u64::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_ROUTES: &str = "stop A 0 0\nstop B 600 0\nstop C 1000 0\nstop D 0 800\nroute R bus\nroute S bus\n\
                              trip t1 route=R : A 08:00 B 08:02 C 08:04\ntrip t2 route=S : D 08:00 A 08:02 B 08:05";

    fn identities(timetable: &Timetable, trip: &str, call: usize) -> Vec<u64> {
        let atoms = Atoms::of(timetable);
        let pattern = timetable.trips[timetable.trip(trip, None).unwrap().at()].pattern;
        let row = timetable.patterns[pattern.at()].calls.start as usize + call;
        atoms.leg(row).iter().map(|piece| atoms.ids[piece.atom.at()]).collect()
    }

    #[test]
    fn a_leg_is_covered_by_pieces_of_at_most_250_m() {
        let timetable = gtfs::fixture::timetable(TWO_ROUTES).unwrap();
        let atoms = Atoms::of(&timetable);
        for pattern in &timetable.patterns {
            let rows = as_usize(&pattern.calls);
            assert!(atoms.leg(rows.start).is_empty(), "no leg ends at the first call");
            for row in rows.start + 1..rows.end {
                let mut from_m = timetable.pattern_calls[row - 1].along_m;
                for piece in atoms.leg(row) {
                    assert!(piece.to_m > from_m && piece.to_m - from_m <= PIECE_M_MAX + 0.1);
                    from_m = piece.to_m;
                }
                assert_eq!(from_m, timetable.pattern_calls[row].along_m);
            }
        }
    }

    #[test]
    fn routes_share_the_road_they_share_and_so_do_feeds_with_other_ids() {
        let timetable = gtfs::fixture::timetable(TWO_ROUTES).unwrap();
        let road = identities(&timetable, "t1", 1);
        assert_eq!(road.len(), 3, "600 m");
        assert_eq!(road, identities(&timetable, "t2", 2));
        assert_ne!(road, identities(&timetable, "t1", 2));
        let renamed = "stop X 0 0\nstop Y 600 0\nroute Q bus\ntrip other route=Q : X 10:00 Y 10:05";
        assert_eq!(road, identities(&gtfs::fixture::timetable(renamed).unwrap(), "other", 1));
    }
}
