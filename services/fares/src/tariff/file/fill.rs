//! A tariff file becomes rows, or a list of what is wrong with it.
//!
//! In the order in which things name each other: riders, media, networks, areas, timeframes; then
//! products, rules and caps, which are in `prices.rs`.

use super::mark::{self, Amount, Mark};
use super::words::{MEDIA, WEEKDAYS, meaning};
use super::{File, Limits, Network, Service, Timeframe};
use crate::money::Satang;
use crate::tap::PAX_MAX;
use crate::tariff::frames::{Days, Frame};
use crate::tariff::rows::{self, Refused, Rows};
use gtfs::fares::{FareMedia, Money, Named, RiderCategory};
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::value::Datetime;

/// The longest peak-edge grace and the latest day boundary: half a day.
const HALF_DAY_S: u32 = 12 * 3600;
/// The whole, in percent.
pub(super) const WHOLE: u32 = 100;

/// Fills rows with what a file says.
pub(super) fn fill(name: &str, text: &str, file: File, rows: Rows) -> Result<Rows, Refused> {
    let mut filler = Filler { name, text, rows, percents: BTreeMap::new(), wrong: Vec::new() };
    filler.limits(&file.limits);
    filler.head(&file);
    filler.riders(&file);
    filler.media(&file);
    for network in &file.network {
        filler.network(network);
    }
    filler.areas(&file);
    for service in &file.service {
        filler.service(service);
    }
    for frame in &file.timeframe {
        filler.frame(frame);
    }
    filler.concessions();
    for product in &file.product {
        filler.product(product);
    }
    for leg in &file.leg {
        filler.leg(leg);
    }
    for ladder in &file.ladder {
        filler.ladder(ladder);
    }
    for transfer in &file.transfer {
        filler.transfer(transfer);
    }
    for cap in &file.cap {
        filler.cap(cap);
    }
    if filler.wrong.is_empty() { Ok(filler.rows) } else { Err(Refused(filler.wrong)) }
}

pub(super) struct Filler<'a> {
    name: &'a str,
    text: &'a str,
    pub(super) rows: Rows,
    /// By rider category.
    pub(super) percents: BTreeMap<String, u32>,
    wrong: Vec<String>,
}

impl Filler<'_> {
    pub(super) fn say(&mut self, span: &Range<usize>, key: &str, what: impl std::fmt::Display) {
        let line = mark::line(self.text, span.start);
        self.wrong.push(format!("{} line {line}, {key}: {what}", self.name));
    }

    /// The text of an id that must be among `known`; empty when it is not given.
    pub(super) fn known(
        &mut self,
        id: Option<&Mark<String>>,
        key: &str,
        known: impl Fn(&Rows, &str) -> bool,
    ) -> Box<str> {
        let Some(id) = id else { return "".into() };
        if !known(&self.rows, id.get_ref()) {
            self.say(
                &id.span(),
                key,
                format_args!("\"{}\" is not defined: add it, or correct the id", id.get_ref()),
            );
        }
        id.get_ref().as_str().into()
    }

    /// Whether an id is new; says so when it is not.
    pub(super) fn is_new(&mut self, id: &Mark<String>, key: &str, there: bool) -> bool {
        if id.get_ref().is_empty() {
            self.say(&id.span(), key, "give it an id");
        } else if there {
            self.say(
                &id.span(),
                key,
                format_args!("\"{}\" is defined twice: give each its own id", id.get_ref()),
            );
        }
        !there && !id.get_ref().is_empty()
    }

    pub(super) fn word<T: Copy>(&mut self, word: &Mark<String>, key: &str, list: &[(&str, T)]) -> Option<T> {
        match meaning(list, word.get_ref()) {
            Ok(meaning) => Some(meaning),
            Err(known) => {
                self.say(&word.span(), key, format_args!("\"{}\" is not known: {known}", word.get_ref()));
                None
            }
        }
    }

    pub(super) fn amount(&mut self, amount: &Mark<Amount>, key: &str) -> Money {
        let currency = String::from_utf8_lossy(&self.rows.currency).into_owned();
        let text = &amount.get_ref().0;
        Money::parse(text, &currency).unwrap_or_else(|| {
            let what = format!("\"{text}\" is no amount of {currency}: write it like \"15.00\"");
            self.say(&amount.span(), key, what);
            Money { minor: 0, currency: self.rows.currency }
        })
    }

    fn head(&mut self, file: &File) {
        self.rows.same_route_changes = file.same_route_changes.unwrap_or(self.rows.same_route_changes);
        self.rows.limit_from_first = file.limit_from_first.unwrap_or(self.rows.limit_from_first);
        if let Some(version) = &file.version {
            self.rows.version = version.get_ref().as_str().into();
        }
        if self.rows.version.is_empty() {
            self.say(&(0..0), "version", "give the tariff a name that no other version has");
        }
        if let Some(zone) = &file.timezone {
            match zone.get_ref().parse() {
                Ok(tz) => self.rows.tz = tz,
                Err(_) => self.say(&zone.span(), "timezone", "write a name such as Asia/Bangkok"),
            }
        }
        if let Some(currency) = &file.currency {
            match Money::parse("0", currency.get_ref()) {
                Some(none) => self.rows.currency = none.currency,
                None => self.say(&currency.span(), "currency", "write three letters such as THB"),
            }
        }
        if let Some(from) = &file.valid_from {
            match self.instant(from.get_ref()) {
                Some(instant) => self.rows.valid_from = instant,
                None => {
                    let what = "write a date such as 2026-01-01, or a time with its offset";
                    self.say(&from.span(), "valid_from", what);
                }
            }
        } else if self.rows.valid_from == Timestamp(0) {
            self.say(&(0..0), "valid_from", "say from which day on it applies, such as 2026-01-01");
        }
    }

    /// A date begins with its service day.
    fn instant(&self, when: &Datetime) -> Option<Timestamp> {
        if when.time.is_some() {
            let exact = chrono::DateTime::parse_from_rfc3339(&when.to_string()).ok()?;
            return Some(Timestamp(exact.timestamp_micros()));
        }
        let boundary = i32::try_from(self.rows.limits.day_boundary_s).ok()?;
        Some(day(when)?.at(self.rows.tz, ServiceTime(boundary)))
    }

    fn riders(&mut self, file: &File) {
        for rider in &file.rider {
            let id = rider.id.get_ref().as_str();
            match self.rows.riders.iter_mut().find(|there| *there.id == *id) {
                // Over a feed's category: only what it does not say.
                Some(_) if rider.name.is_none() && rider.default.is_none() => {}
                Some(_) => {
                    self.is_new(&rider.id, "rider.id", true);
                }
                None => {
                    let name = rider.name.clone().unwrap_or_default().into();
                    let is_default = rider.default.unwrap_or(false);
                    if self.is_new(&rider.id, "rider.id", false) {
                        self.rows.riders.push(RiderCategory { id: id.into(), name, is_default });
                    }
                }
            }
            if let Some(percent) = &rider.percent {
                if *percent.get_ref() > WHOLE {
                    self.say(&percent.span(), "rider.percent", "a concession is at most 100 percent");
                }
                self.percents.insert(id.to_owned(), (*percent.get_ref()).min(WHOLE));
            }
        }
        let defaults = self.rows.riders.iter().filter(|rider| rider.is_default).count();
        if !self.rows.riders.is_empty() && defaults != 1 {
            let what = format!("{defaults} categories are the default: write default = true in exactly one");
            self.say(&file.rider.first().map_or(0..0, |rider| rider.id.span()), "rider.default", what);
        }
    }

    fn media(&mut self, file: &File) {
        for medium in &file.medium {
            let there = self.rows.media.iter().any(|there| *there.id == **medium.id.get_ref());
            let kind = self.word(&medium.kind, "medium.kind", &MEDIA);
            if let (true, Some(kind)) = (self.is_new(&medium.id, "medium.id", there), kind) {
                let (id, name) = (medium.id.get_ref().as_str().into(), medium.name.as_str().into());
                self.rows.media.push(FareMedia { id, name, kind });
            }
        }
    }

    fn network(&mut self, network: &Network) {
        let id = network.id.get_ref().as_str();
        let at = match self.rows.networks.iter().position(|there| *there.id == *id) {
            Some(_) if network.name.is_some() => {
                self.is_new(&network.id, "network.id", true);
                return;
            }
            Some(at) => at,
            None if !self.is_new(&network.id, "network.id", false) => return,
            None => {
                let name = network.name.clone().unwrap_or_default().into();
                self.rows.networks.push(rows::Network { id: id.into(), name, ..rows::Network::default() });
                self.rows.networks.len() - 1
            }
        };
        for route in &network.routes {
            let there = self.rows.route_networks.iter().any(|(_, other)| **other == **route.get_ref());
            if self.is_new(route, "network.routes", there) {
                self.rows.route_networks.push((id.into(), route.get_ref().as_str().into()));
            }
        }
        let minimum = network.minimum.as_ref().map(|minimum| self.amount(minimum, "network.minimum"));
        let minimum = minimum.map(|minimum| self.for_riders(minimum, &BTreeMap::new(), "network.minimum"));
        let there = &mut self.rows.networks[at];
        there.tap_off = network.tap_off.unwrap_or(there.tap_off);
        there.ends_anywhere = network.ends_anywhere.unwrap_or(there.ends_anywhere);
        if let Some(minimum) = minimum {
            there.minimum =
                minimum.into_iter().map(|(rider, amount)| (rider, Satang(amount.minor))).collect();
        }
    }

    fn areas(&mut self, file: &File) {
        for area in &file.area {
            let id = area.id.get_ref().as_str();
            let there = self.rows.areas.iter().any(|there| *there.id == *id);
            if self.is_new(&area.id, "area.id", there) {
                self.rows.areas.push(Named { id: id.into(), name: area.name.as_str().into() });
            }
            for stop in &area.stops {
                let row = (Box::<str>::from(id), Box::<str>::from(stop.get_ref().as_str()));
                let there = self.rows.stop_areas.contains(&row);
                if self.is_new(stop, "area.stops", there) {
                    self.rows.stop_areas.push(row);
                }
            }
        }
    }

    fn service(&mut self, service: &Service) {
        let id = service.id.get_ref().as_str();
        let there = self.rows.days.iter().any(|there| *there.service == *id);
        let mut weekdays = 0;
        for word in &service.weekdays {
            weekdays |= self.word(word, "service.weekdays", &WEEKDAYS).unwrap_or(0);
        }
        let mut dates = |list: &[Mark<Datetime>], key| {
            let mut days = Vec::new();
            for date in list {
                match day(date.get_ref()) {
                    Some(day) => days.push(day),
                    None => self.say(&date.span(), key, "write dates such as 2026-04-13"),
                }
            }
            days.sort_unstable();
            days
        };
        let (also, except) = (dates(&service.also, "service.also"), dates(&service.except, "service.except"));
        if self.is_new(&service.id, "service.id", there) {
            self.rows.days.push(Days { service: id.into(), weekdays, also, except });
        }
    }

    fn frame(&mut self, frame: &Timeframe) {
        let mut time = |time: &Mark<String>, key| {
            let read = ServiceTime::parse(time.get_ref().as_bytes()).filter(|t| t.0 <= 24 * 3600);
            if read.is_none() {
                self.say(&time.span(), key, "write a time from 00:00:00 to 24:00:00");
            }
            read.unwrap_or_default()
        };
        let (start, end) = (time(&frame.start, "timeframe.start"), time(&frame.end, "timeframe.end"));
        if end <= start {
            self.say(
                &frame.end.span(),
                "timeframe.end",
                "a timeframe ends after it starts; give one that passes midnight two rows",
            );
        }
        let days = |rows: &Rows, id: &str| rows.days.iter().any(|days| *days.service == *id);
        let service = self.known(Some(&frame.service), "timeframe.service", days);
        let group = frame.group.get_ref().as_str().into();
        self.rows.frames.push(Frame { group, start, end, service });
    }

    fn limits(&mut self, said: &Limits) {
        let limits = &mut self.rows.limits;
        macro_rules! take {
            ($($plain:ident)*; $($marked:ident)*) => {
                $(limits.$plain = said.$plain.unwrap_or(limits.$plain);)*
                $(limits.$marked = said.$marked.as_ref().map_or(limits.$marked, |mark| *mark.get_ref());)*
            };
        }
        take!(
            repeat_s void_s voids_per_day journey_s_max journey_aimed_percent journey_aimed_plus_s
            trip_end_grace_s chain_end_s_max autofills_per_month autofill_walk_m habit_days habit_legs_min
            expired_days board_with_minimum end_below_zero;
            day_boundary_s peak_grace_s habit_percent_min late_days pax_max
        );
        let (late, expired) = (limits.late_days, limits.expired_days);
        let mut at_most = |mark: &Option<Mark<u32>>, max: u32, key: &str| {
            if let Some(mark) = mark.as_ref().filter(|mark| *mark.get_ref() > max) {
                self.say(&mark.span(), key, format_args!("it is at most {max}"));
            }
        };
        at_most(&said.day_boundary_s, HALF_DAY_S, "limits.day_boundary_s");
        at_most(&said.peak_grace_s, HALF_DAY_S, "limits.peak_grace_s");
        at_most(&said.habit_percent_min, WHOLE, "limits.habit_percent_min");
        at_most(&said.late_days, expired, "limits.late_days");
        if late > expired && said.late_days.is_none() {
            self.say(&(0..0), "limits.expired_days", format_args!("it is at least late_days, {late}"));
        }
        if let Some(pax) = said.pax_max.as_ref().filter(|pax| !(1..=PAX_MAX).contains(pax.get_ref())) {
            self.say(&pax.span(), "limits.pax_max", format_args!("it is from 1 to {PAX_MAX}"));
        }
    }
}

/// The day of a TOML date without a time.
fn day(when: &Datetime) -> Option<ServiceDay> {
    when.date.filter(|_| when.time.is_none()).and_then(|date| ServiceDay::parse(&date.to_string()))
}
