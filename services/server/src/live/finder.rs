//! Finds stops by what people type, in Thai or English, and by where they stand.
//!
//! Tolerant on purpose: case, spaces, punctuation and Thai tone marks do not count, and a name that is
//! nearly right is found by the pairs of letters it shares. Only stops where somebody can board are found.

use gtfs::{StopIdx, Timetable};
use std::collections::BTreeSet;

/// How many stops an answer holds at most.
pub const FOUND_MAX: usize = 20;
/// Stops farther away than this are not near, metres.
pub const NEAR_M_MAX: f64 = 5_000.0;
/// Longest text searched for, characters; the rest is ignored.
const ASKED_CHARS_MAX: usize = 60;
/// Share of letter pairs (Dice 1945) from which a name counts as meant.
const ALIKE_MIN: f64 = 0.5;
/// Ranks up to here are names that hold what was typed; beyond are guesses.
const RANK_HOLDS_MAX: u32 = 99;

/// The names of all stops where somebody can board, ready to be searched.
#[derive(Debug)]
pub struct Finder {
    names: Vec<(StopIdx, Vec<String>)>,
}

impl Finder {
    /// Collects the names of a timetable.
    #[must_use]
    pub fn of(timetable: &Timetable) -> Self {
        let names = boarding_stops(timetable)
            .map(|stop| {
                let row = &timetable.stops[stop.at()];
                let texts = row.name.translated.iter().map(|(_, text)| &**text);
                let all = [&*row.name.plain, &*row.code, &*row.id].into_iter().chain(texts);
                (stop, all.map(bare).filter(|text| !text.is_empty()).collect())
            })
            .collect();
        Self { names }
    }

    /// The stops whose name, code or id is like `asked`, best first.
    #[must_use]
    pub fn by_name(&self, asked: &str) -> Vec<StopIdx> {
        let asked = bare(&asked.chars().take(ASKED_CHARS_MAX).collect::<String>());
        if asked.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<(u32, StopIdx)> = self
            .names
            .iter()
            .filter_map(|(stop, names)| {
                Some((names.iter().filter_map(|name| rank(name, &asked)).min()?, *stop))
            })
            .collect();
        found.sort_unstable();
        // Where a name really holds what was typed, guesses only confuse.
        let guesses_wanted = found.first().is_some_and(|(rank, _)| *rank > RANK_HOLDS_MAX);
        found.retain(|(rank, _)| guesses_wanted || *rank <= RANK_HOLDS_MAX);
        found.into_iter().take(FOUND_MAX).map(|(_, stop)| stop).collect()
    }
}

/// The boarding stops within [`NEAR_M_MAX`] of a place, nearest first, with the distance in metres.
#[must_use]
pub fn near(timetable: &Timetable, lat: f64, lon: f64) -> Vec<(f64, StopIdx)> {
    let [x, y] = timetable.plane.xy(lat, lon);
    let mut found: Vec<(f64, StopIdx)> = boarding_stops(timetable)
        .map(|stop| {
            let row = &timetable.stops[stop.at()];
            let [stop_x, stop_y] = timetable.plane.xy(row.lat, row.lon);
            (f64::from(stop_x - x).hypot(f64::from(stop_y - y)), stop)
        })
        .filter(|(m, _)| *m <= NEAR_M_MAX)
        .collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    found.truncate(FOUND_MAX);
    found
}

/// The stops at which a rider can board some trip, in file order.
pub fn boarding_stops(timetable: &Timetable) -> impl Iterator<Item = StopIdx> {
    (0..timetable.stops.len()).map(StopIdx::new).filter(|&stop| {
        timetable.calls_at(stop).iter().any(|&(pattern, at)| {
            let calls = timetable.calls(pattern);
            usize::from(at) + 1 < calls.len() && calls[usize::from(at)].pickup
        })
    })
}

/// How well a name answers: smaller is better, `None` is not at all. Both are bare.
fn rank(name: &str, asked: &str) -> Option<u32> {
    if name == asked {
        return Some(0);
    }
    if name.starts_with(asked) {
        return Some(1);
    }
    if let Some(at) = name.find(asked) {
        return Some((2 + at as u32).min(RANK_HOLDS_MAX));
    }
    let alike = alike(name, asked);
    (alike >= ALIKE_MIN).then(|| 1_000 - (alike * 900.0) as u32)
}

/// Dice's coefficient of the letter pairs: 0 nothing in common, 1 the same.
fn alike(one: &str, other: &str) -> f64 {
    let (one, other) = (pairs(one), pairs(other));
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    2.0 * one.intersection(&other).count() as f64 / (one.len() + other.len()) as f64
}

fn pairs(text: &str) -> BTreeSet<(char, char)> {
    text.chars().zip(text.chars().skip(1)).collect()
}

/// Lower case letters and digits without spaces, punctuation and Thai tone marks; Thai digits as Arabic.
fn bare(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter_map(|letter| match letter {
            // Maitaikhu, tone marks, thanthakhat, nikhahit: people leave them out when they type.
            '\u{0E47}'..='\u{0E4D}' => None,
            '\u{0E50}'..='\u{0E59}' => char::from_digit(letter as u32 - 0x0E50, 10),
            // Thai vowels above and below are marks, not letters, to Unicode; they count here.
            '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' => Some(letter),
            letter if letter.is_alphanumeric() => Some(letter),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finder() -> Finder {
        let names = [
            "ตลาดบ้านใหม่|Ban Mai Market|2003",
            "วัดโสธรวราราม|Wat Sothon|1010",
            "บ้านใหม่ซอย ๕|Ban Mai Soi 5|1044",
        ];
        let names = names
            .iter()
            .enumerate()
            .map(|(at, line)| (StopIdx::new(at), line.split('|').map(bare).collect()));
        Finder { names: names.collect() }
    }

    fn found(asked: &str) -> Vec<u32> {
        finder().by_name(asked).into_iter().map(|stop| stop.0).collect()
    }

    #[test]
    fn case_spaces_and_punctuation_do_not_count() {
        assert_eq!(found("  wat-SOTHON "), [1]);
        assert_eq!(found("banmai"), [0, 2]);
    }

    #[test]
    fn thai_is_found_without_its_tone_marks_and_with_thai_digits() {
        assert_eq!(found("ตลาดบานใหม"), [0]);
        assert_eq!(found("ซอย๕"), [2]);
        assert_eq!(found("๑๐๑๐"), [1]);
    }

    #[test]
    fn a_name_that_is_nearly_right_is_found_and_nonsense_is_not() {
        assert_eq!(found("Wat Sotorn"), [1]);
        assert!(found("zzz").is_empty() && found("").is_empty() && found("!?").is_empty());
    }
}
