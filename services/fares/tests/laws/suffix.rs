//! The engine keeps the recent taps of a card only. What it must keep: the taps since the day before the
//! longest cap period began.

use crate::history::anything;
use crate::town::TZ;
use crate::{law, same};
use chrono::Datelike;
use fares::Leg;
use fares::ride::PlacedTap;
use fares::tariff::{Period, Tariff};
use gtfs::ServiceDay;
use proptest::prelude::*;

/// Whether the longest period of a tariff's caps begins on a day; `None` with a period that moves along.
fn begins(tariff: &Tariff, day: ServiceDay) -> Option<bool> {
    let is_monday = day.0.weekday() == chrono::Weekday::Mon;
    let begins = |period| match period {
        Period::Day => Some(true),
        Period::Week => Some(is_monday),
        Period::Month => Some(is_monday && day.0.day() <= 7),
        Period::Rolling(_) => None,
    };
    tariff.caps().iter().map(|cap| begins(cap.period)).try_fold(true, |all, one| Some(all && one?))
}

#[test]
fn taps_before_the_day_before_a_cap_period_do_not_change_its_legs() {
    let scripts = anything().prop_map(|script| crate::Script { then: None, confirmed: Vec::new(), ..script });
    law(scripts.boxed(), |history, _| {
        let history = history.without_autofill();
        let tariff = &history.tariffs.all()[0];
        let whole = history.legs();
        let days: std::collections::BTreeSet<ServiceDay> = whole.iter().map(|leg| leg.service_day).collect();
        for day in days.into_iter().filter(|day| begins(tariff, *day) == Some(true)) {
            let boundary_us = i64::from(tariff.limits().day_boundary_s) * 1_000_000;
            let since = day.previous().start(TZ).0 + boundary_us;
            let taps: Vec<PlacedTap> = history.taps.iter().filter(|tap| tap.t.0 >= since).cloned().collect();
            let suffix = crate::History { taps, ..history.clone() };
            let of_period =
                |legs: Vec<Leg>| legs.into_iter().filter(|leg| leg.service_day >= day).collect::<Vec<_>>();
            same(
                &format!("legs since {day}"),
                &history,
                &of_period(whole.clone()),
                &of_period(suffix.legs()),
            )?;
        }
        Ok(())
    });
}
