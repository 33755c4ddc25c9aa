//! The canonical line of a tap: what its terminal hashes, what the store keeps, what is read back.
//!
//! `epoch|s|bt|up|w|c|k|v|trip|st|lat|lon|acc|gt|pax|out|f|b` (fares design, section 13). Texts stand as the
//! terminal sent them, numbers in decimal, what is absent is empty. A text never has a bar or a control
//! character, so that no two taps have one line.
//!
//! What always holds: a line that [`TapLine::read`] takes is written back by `Display` byte for byte.

use super::wall::instant;
use super::{PAX_MAX, RequestClock, Tap, TapClock, TapId, TapKind, Whereabouts};
use crate::money::Satang;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Parts of a line.
const PARTS: usize = 18;
/// Longest id, trip, stop or clock in a line, bytes.
pub const TEXT_BYTES_MAX: usize = 64;
/// Longest card token, bytes.
pub const CARD_BYTES_MAX: usize = 128;
/// What stands in `out` before the reason of a refusal.
const DENIED: &str = "denied:";
/// What stands in `out` when the rider got in.
const OK: &str = "ok";

/// A tap, borrowed from where it was read. Nothing of it is believed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapLine<'a> {
    /// Rises when the terminal's sequence starts again.
    pub epoch: u32,
    /// From 1, rises by one.
    pub seq: i64,
    /// The run of the terminal in which the card was touched.
    pub boot: &'a str,
    /// Milliseconds since that run began.
    pub up_ms: i64,
    /// The terminal's wall clock as it wrote it, RFC 3339; empty without one.
    pub wall: &'a str,
    /// The card's keyed token.
    pub card: &'a str,
    /// What the terminal meant.
    pub kind: TapKind,
    /// The vehicle; empty at a pier.
    pub vehicle: &'a str,
    /// The trip that the driver chose; empty when unknown.
    pub trip: &'a str,
    /// The stop; empty when unknown.
    pub stop: &'a str,
    /// Latitude and longitude in millionths of a degree, accuracy in metres.
    pub fix: Option<(i32, i32, i32)>,
    /// The time that the GPS receiver gave, RFC 3339; empty without one.
    pub gps: &'a str,
    /// Riders, 1 to [`PAX_MAX`].
    pub pax: u8,
    /// Why the rider was not let in; `None` when he was.
    pub denied: Option<&'a str>,
    /// The fare shown, satang.
    pub fare: Option<i64>,
    /// The balance shown, satang.
    pub balance: Option<i64>,
}

/// The part of a tap that can not be taken, by its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPart(pub &'static str);

/// Says which part, and that it must be changed.
impl fmt::Display for BadPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is missing, of another type, or outside its limits", self.0)
    }
}

impl std::error::Error for BadPart {}

impl<'a> TapLine<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// The first part that is not as it must be.
    pub fn read(line: &'a str) -> Result<Self, BadPart> {
        let mut parts = [""; PARTS];
        let mut found = 0;
        for part in line.split('|') {
            *parts.get_mut(found).ok_or(BadPart("line"))? = part;
            found += 1;
        }
        if found != PARTS {
            return Err(BadPart("line"));
        }
        let [epoch, seq, boot, up, wall, card, kind, vehicle, trip, stop, lat, lon, acc, gps, pax, out, f, b] =
            parts;
        let read = Self {
            epoch: number(epoch, "epoch")?,
            seq: number(seq, "s")?,
            boot,
            up_ms: number(up, "up")?,
            wall,
            card,
            kind: TapKind::from_word(kind).ok_or(BadPart("k"))?,
            vehicle,
            trip,
            stop,
            fix: fix(lat, lon, acc)?,
            gps,
            pax: number(pax, "pax")?,
            denied: denied(out)?,
            fare: maybe(f, "f")?,
            balance: maybe(b, "b")?,
        };
        read.check()?;
        Ok(read)
    }

    /// Whether every part is within its limits.
    ///
    /// # Errors
    /// The first part that is not.
    pub fn check(&self) -> Result<(), BadPart> {
        let texts = [
            (self.boot, "bt", TEXT_BYTES_MAX),
            (self.wall, "w", TEXT_BYTES_MAX),
            (self.card, "c", CARD_BYTES_MAX),
            (self.vehicle, "v", TEXT_BYTES_MAX),
            (self.trip, "trip", TEXT_BYTES_MAX),
            (self.stop, "st", TEXT_BYTES_MAX),
            (self.gps, "gt", TEXT_BYTES_MAX),
            (self.denied.unwrap_or("-"), "out", TEXT_BYTES_MAX),
        ];
        if let Some((_, name, _)) = texts.into_iter().find(|(text, _, max)| !is_plain(text, *max)) {
            return Err(BadPart(name));
        }
        let whole = [
            (self.seq >= 1, "s"),
            (!self.boot.is_empty(), "bt"),
            (self.up_ms >= 0, "up"),
            (!self.card.is_empty(), "c"),
            ((1..=PAX_MAX).contains(&self.pax), "pax"),
            (self.denied != Some(""), "out"),
        ];
        whole.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, name)| Err(BadPart(name)))
    }

    /// Writes the line onto the end of `out`. As `Display`, several times as fast.
    pub fn write_onto(&self, out: &mut String) {
        let mut digits = Digits::default();
        out.push_str(digits.of(i64::from(self.epoch)));
        bar(out, digits.of(self.seq));
        bar(out, self.boot);
        bar(out, digits.of(self.up_ms));
        for text in [self.wall, self.card, self.kind.word(), self.vehicle, self.trip, self.stop] {
            bar(out, text);
        }
        match self.fix {
            Some((lat, lon, acc)) => {
                for number in [lat, lon, acc] {
                    bar(out, digits.of(i64::from(number)));
                }
            }
            None => out.push_str("|||"),
        }
        bar(out, self.gps);
        bar(out, digits.of(i64::from(self.pax)));
        match self.denied {
            None => bar(out, OK),
            Some(reason) => {
                bar(out, DENIED);
                out.push_str(reason);
            }
        }
        for amount in [self.fare, self.balance] {
            bar(out, amount.map_or("", |satang| digits.of(satang)));
        }
    }

    /// The tap of `terminal` that this line tells of. `line` is the text it was read from.
    #[must_use]
    pub fn tap(
        &self,
        line: &Arc<str>,
        terminal: &Arc<str>,
        request: &Arc<RequestClock>,
        deny_ver: i64,
    ) -> Tap {
        let boot = if *request.boot == *self.boot { Arc::clone(&request.boot) } else { self.boot.into() };
        Tap {
            id: TapId { terminal: Arc::clone(terminal), epoch: self.epoch, seq: self.seq },
            card: self.card.into(),
            kind: self.kind,
            clock: TapClock { boot, up_ms: self.up_ms, wall: instant(self.wall), gps: instant(self.gps) },
            request: Arc::clone(request),
            whereabouts: Whereabouts {
                vehicle: self.vehicle.into(),
                trip: self.trip.into(),
                stop: self.stop.into(),
                fix: self.fix,
            },
            pax: self.pax,
            denied: self.denied.map(Into::into),
            fare_shown: self.fare.map(Satang),
            balance_shown: self.balance.map(Satang),
            deny_ver,
            line: Arc::clone(line),
        }
    }
}

/// Writes the line.
impl fmt::Display for TapLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::with_capacity(160);
        self.write_onto(&mut line);
        f.write_str(&line)
    }
}

/// `ok` or `denied:REASON`, as on the wire.
///
/// # Errors
/// When it is neither.
pub fn denied(out: &str) -> Result<Option<&str>, BadPart> {
    match out.strip_prefix(DENIED) {
        _ if out == OK => Ok(None),
        Some(reason) if !reason.is_empty() => Ok(Some(reason)),
        _ => Err(BadPart("out")),
    }
}

fn bar(out: &mut String, text: &str) {
    out.push('|');
    out.push_str(text);
}

/// No bar and no control character: it stands between bars, and lines end with a line feed.
fn is_plain(text: &str, bytes_max: usize) -> bool {
    text.len() <= bytes_max && text.bytes().all(|byte| byte >= b' ' && byte != b'|' && byte != 0x7f)
}

/// In its one decimal form: no sign before zero, no zeros in front, no plus.
fn number<N: FromStr + fmt::Display>(text: &str, name: &'static str) -> Result<N, BadPart> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = !digits.is_empty() && (digits == "0" || !digits.starts_with('0')) && text != "-0";
    let number = text.parse().ok().filter(|_| canonical && digits.bytes().all(|byte| byte.is_ascii_digit()));
    number.ok_or(BadPart(name))
}

fn maybe<N: FromStr + fmt::Display>(text: &str, name: &'static str) -> Result<Option<N>, BadPart> {
    if text.is_empty() { Ok(None) } else { number(text, name).map(Some) }
}

fn fix(lat: &str, lon: &str, acc: &str) -> Result<Option<(i32, i32, i32)>, BadPart> {
    if lat.is_empty() && lon.is_empty() && acc.is_empty() {
        return Ok(None);
    }
    Ok(Some((number(lat, "g")?, number(lon, "g")?, number(acc, "g")?)))
}

/// Decimal digits of one number at a time, without a formatter between.
#[derive(Default)]
struct Digits([u8; 20]);

impl Digits {
    fn of(&mut self, number: i64) -> &str {
        let (mut left, mut at) = (number.unsigned_abs(), self.0.len());
        loop {
            at -= 1;
            // The remainder by ten fits.
            self.0[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        if number < 0 {
            at -= 1;
            self.0[at] = b'-';
        }
        std::str::from_utf8(&self.0[at..]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "2|18801|9f2c|8001200|2025-11-20T07:28:59.858+07:00|mE3kq0vT|on|EV-07|r3_0715|P04|13690400|101077900|6||1|ok|1500|4200";
    const BARE: &str = "1|1|b|0||c|tap||||||||1|denied:blocked||-20";

    #[test]
    fn a_line_reads_back_to_the_byte() {
        for line in [LINE, BARE] {
            assert_eq!(TapLine::read(line).map(|read| read.to_string()).as_deref(), Ok(line));
        }
        let read = TapLine::read(BARE).unwrap();
        assert_eq!((read.denied, read.balance, read.fix), (Some("blocked"), Some(-20), None));
    }

    #[test]
    fn what_is_wrong_is_named_as_on_the_wire() {
        for (from, to, name) in [
            ("|on|", "|swipe|", "k"),
            ("|1|ok|", "|5|ok|", "pax"),
            ("|18801|", "|0|", "s"),
            ("|18801|", "|018801|", "s"),
            ("|ok|", "|fine|", "out"),
            ("|ok|", "|denied:|", "out"),
            ("|mE3kq0vT|", "||", "c"),
            ("|9f2c|", "||", "bt"),
            ("|6|", "||", "g"),
            ("|1500|", "|15.00|", "f"),
            ("|EV-07|", "|EV\t07|", "v"),
            ("|EV-07|", "|EV|07|", "line"),
        ] {
            assert_eq!(TapLine::read(&LINE.replacen(from, to, 1)), Err(BadPart(name)), "{to}");
        }
    }

    #[test]
    fn extremes_are_written_as_the_formatter_would() {
        for number in [0, 7, 10, -1, i64::MAX, i64::MIN] {
            assert_eq!(Digits::default().of(number), number.to_string());
        }
    }

    #[test]
    fn a_tap_has_what_its_line_says() {
        let request = Arc::new(RequestClock {
            received: gtfs::Timestamp::from_s(1_763_598_662),
            boot: "9f2c".into(),
            up_ms: 8_123_456,
            wall: None,
            rtt_ms: 180,
        });
        let line: Arc<str> = LINE.into();
        let tap = TapLine::read(&line).unwrap().tap(&line, &"T-0412".into(), &request, 4412);
        assert_eq!(tap.id.to_string(), "T-0412/2/18801");
        assert_eq!(tap.clock.wall, Some(gtfs::Timestamp(1_763_598_539_858_000)));
        assert_eq!((tap.fare_shown, tap.deny_ver, &*tap.whereabouts.stop), (Some(Satang(1500)), 4412, "P04"));
        assert!(Arc::ptr_eq(&tap.clock.boot, &request.boot));
    }
}
