//! Single days, told step by step, with what the statement of the card says at the end of each.

use crate::drive::Drive;
use crate::town::{Town, day, tariff};
use fares::card::{Concession, Profile};
use fares::engine::Event;
use fares::journal::Journal;
use fares::ride::{Ride, RideCall, RideKey};
use fares::tap::{RequestClock, TapClock, Whereabouts};
use fares::{Account, JournalKind, Posting, Satang, Tap, TapId, TapKind};
use gtfs::Timestamp;
use std::sync::Arc;

/// `08:05` of the first day, Bangkok; hours run on past midnight.
fn at(time: &str) -> Timestamp {
    let (hours, minutes) = time.split_once(':').unwrap();
    let minutes = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
    day(0).start(chrono_tz::Asia::Bangkok).plus_s((minutes * 60) as f64)
}

/// A bus (route 1 on EV-0, route 2 on EV-2) every hour from s0 to s5, and a boat every hour along the six piers.
fn town() -> Town {
    let mut town = Town { tariff: tariff(), days: vec![day(0)], rides: vec![], visits: vec![], taps: vec![] };
    for hour in 6..22 {
        for (route, agency) in [("1", "red"), ("2", "blue")] {
            let stops = (0..6).map(|n| format!("s{}", n + if route == "1" { 0 } else { 6 }));
            town.rides.push(ride(&format!("r{route}-{hour}"), route, agency, hour, 4, stops));
        }
        let piers = crate::town::PIERS.map(str::to_owned).into_iter();
        town.rides.push(ride(&format!("f-{hour}"), "F1", "boats", hour, 9, piers));
    }
    town
}

fn ride(
    trip: &str,
    route: &str,
    agency: &str,
    hour: u32,
    step: u32,
    stops: impl Iterator<Item = String>,
) -> Ride {
    let call = |(n, stop): (usize, String)| RideCall {
        sequence: n as u32 + 1,
        stop: stop.into(),
        aimed: at(&format!("{hour}:00")).plus_s(f64::from(n as u32 * step * 60)),
        arrived: None,
        left: None,
    };
    let key = RideKey { day: day(0), trip: trip.into(), start_s: hour as i32 * 3600 };
    Ride {
        key,
        route: route.into(),
        agency: agency.into(),
        vehicle: "".into(),
        calls: stops.enumerate().map(call).collect(),
    }
}

struct Story<'a> {
    drive: Drive<'a>,
    row: i64,
}

impl<'a> Story<'a> {
    fn of(town: &'a Town) -> Self {
        Self { drive: Drive::new(town), row: 0 }
    }

    /// A tap of `card` at a terminal (`bus1`, `bus2` on the trip of that hour, or a pier), received at once or `late`.
    fn tap(&mut self, terminal: &str, card: &str, kind: TapKind, time: &str) -> &mut Self {
        self.tap_late(terminal, card, kind, time, time)
    }

    fn tap_late(&mut self, terminal: &str, card: &str, kind: TapKind, time: &str, late: &str) -> &mut Self {
        let (t, received) = (at(time), at(late));
        let hour = time.split(':').next().unwrap().trim_start_matches('0').to_owned();
        let (terminal, trip) = match terminal {
            "bus1" => ("T-EV-0", format!("r1-{hour}")),
            "bus2" => ("T-EV-2", format!("r2-{hour}")),
            pier => (pier, String::new()),
        };
        let boot: Arc<str> = "1".into();
        let tap = Tap {
            id: TapId { terminal: terminal.into(), epoch: 1, seq: self.row + 1 },
            card: card.into(),
            kind,
            clock: TapClock { boot: Arc::clone(&boot), up_ms: t.0 / 1000, wall: None, gps: None },
            request: Arc::new(RequestClock {
                received,
                boot,
                up_ms: received.0 / 1000,
                wall: None,
                rtt_ms: 50,
            }),
            whereabouts: Whereabouts { trip: trip.into(), ..Whereabouts::default() },
            pax: 1,
            denied: None,
            fare_shown: None,
            balance_shown: None,
            deny_ver: 0,
            line: "".into(),
        };
        let tap = Arc::new(tap);
        self.drive.books.taps.push(Arc::clone(&tap));
        self.drive.at(received, vec![Event::Tap(self.row, tap)]);
        self.row += 1;
        self
    }

    fn top_up(&mut self, card: &str, satang: i64, time: &str) -> &mut Self {
        let posting = |account, debit| Posting { account, debit: Satang(debit), leg: None };
        let journal = Journal {
            kind: JournalKind::TopUp,
            cause: format!("topup/{card}/{time}").into(),
            service_day: day(0),
            posting_day: day(0),
            effective: at(time),
            posted: at(time),
            postings: vec![
                posting(Account::PspReceivable("omise".into()), satang),
                posting(Account::Card(card.into()), -satang),
            ],
        };
        self.drive.at(at(time), vec![Event::Journal(journal)]);
        self
    }

    fn wait(&mut self, time: &str) -> &mut Self {
        self.drive.at(at(time), vec![]);
        self
    }

    /// `time status from>to alone transfer capped = charge` of each leg, and the balance.
    fn statement(&self, card: &str) -> Vec<String> {
        let posted = self.drive.books.legs.values().map(|(record, _)| &record.leg);
        let mut legs: Vec<&fares::Leg> =
            posted.chain(self.drive.books.holds.values()).filter(|leg| &*leg.card == card).collect();
        legs.sort_by_key(|leg| (leg.start, leg.id.clone()));
        let minute = |t: Timestamp| (t.0 - at("0:00").0) / 60_000_000;
        let line = |leg: &&fares::Leg| {
            let price = &leg.price;
            let m = minute(leg.start);
            format!(
                "{:02}:{:02} {} {}>{} {} {} {} = {}",
                m / 60,
                m % 60,
                leg.status.word(),
                leg.from,
                leg.to,
                price.alone,
                price.transfer,
                price.capped,
                price.charge
            )
        };
        legs.iter().map(line).collect()
    }

    fn available(&self, card: &str) -> i64 {
        self.drive.engine.available(card).unwrap().0
    }
}

#[test]
fn changing_from_bus_to_bus_within_an_hour_takes_ten_baht_off_and_the_day_costs_at_most_fifty() {
    let town = town();
    let mut story = Story::of(&town);
    story.tap("bus1", "a", TapKind::Tap, "08:00").tap("bus2", "a", TapKind::Tap, "09:04");
    story.tap("pier-sothon", "a", TapKind::On, "11:00").tap("pier-banmai", "a", TapKind::Off, "11:38");
    story.tap("bus1", "a", TapKind::Tap, "18:00").wait("23:00");
    // 15; the first bus ends at 08:20, 44 minutes later 15 - 10; a boat of 4 piers 20; the third bus 15, but bus and boat
    // together cost at most 50 a day: 50 - 15 - 5 - 20 = 10.
    assert_eq!(
        story.statement("a"),
        [
            "08:00 complete > 15.00 0.00 0.00 = 15.00",
            "09:04 complete > 15.00 -10.00 0.00 = 5.00",
            "11:00 complete pier-sothon>pier-banmai 20.00 0.00 0.00 = 20.00",
            "18:00 complete > 15.00 0.00 -5.00 = 10.00",
        ]
    );
    assert_eq!(story.available("a"), -5_000);
    story.drive.close(at("29:00"), day(0));
    // Collected 50: the first two legs (a change) and, under the cap, all four are one unit. Alone 15 + 15 + 20 + 15 = 65:
    // red 30/65 of 50 = 23.0769, boats 20/65 = 15.3846, blue 15/65 = 11.5384.
    let owed = |agency: &str| -story.drive.books.balance(&Account::AgencyPayable(agency.into())).0;
    assert_eq!([owed("red"), owed("blue"), owed("boats")], [2_308, 1_154, 1_538]);
}

#[test]
fn a_tap_off_that_comes_a_day_late_gives_back_what_was_too_much() {
    let town = town();
    let mut story = Story::of(&town);
    story.tap("pier-sothon", "a", TapKind::On, "08:00").wait("20:00");
    assert_eq!(story.statement("a"), ["08:00 missing_off pier-sothon> 20.00 0.00 0.00 = 20.00"]);
    story.drive.close(at("29:00"), day(0));
    story.tap_late("pier-marupong", "a", TapKind::Off, "08:10", "34:00").wait("35:00");
    assert_eq!(story.statement("a"), ["08:00 complete pier-sothon>pier-marupong 10.00 0.00 0.00 = 10.00"]);
    assert_eq!(story.available("a"), -1_000);
    // The day is closed: the correction stands in the books of the next one, and so does the agency's.
    let last = story.drive.books.journals.last().unwrap();
    assert_eq!((last.service_day, last.posting_day), (day(0), day(1)));
    story.drive.close(at("53:00"), day(1));
    assert_eq!(story.drive.books.balance(&Account::AgencyPayable("boats".into())), Satang(-1_000));
}

#[test]
fn a_card_without_money_rides_once_is_denied_and_let_in_again_when_its_debt_is_paid() {
    let town = town();
    let mut story = Story::of(&town);
    story.tap("bus1", "a", TapKind::Tap, "08:00");
    assert!(story.drive.books.denied.contains("a"));
    story.top_up("a", 1_000, "09:00");
    assert!(story.drive.books.denied.contains("a"), "5 baht are still owed");
    story.top_up("a", 2_000, "09:30");
    assert!(!story.drive.books.denied.contains("a"));
    assert_eq!(story.available("a"), 1_500);
}

#[test]
fn money_that_is_paid_in_before_a_card_was_ever_seen_is_there_when_it_rides() {
    let town = town();
    let mut story = Story::of(&town);
    story.top_up("a", 10_000, "07:00").tap("bus1", "a", TapKind::Tap, "08:00");
    assert_eq!(story.available("a"), 8_500);
    assert!(!story.drive.books.denied.contains("a"));
}

#[test]
fn who_changes_his_mind_at_once_pays_nothing_and_who_waits_pays_the_least() {
    let town = town();
    let mut story = Story::of(&town);
    story.tap("pier-sothon", "a", TapKind::On, "08:00").tap("pier-sothon", "a", TapKind::Off, "08:01");
    story
        .tap("pier-sothon", "b", TapKind::On, "08:00")
        .tap("pier-sothon", "b", TapKind::Off, "08:20")
        .wait("12:00");
    assert_eq!(story.statement("a"), ["08:00 void pier-sothon>pier-sothon 0.00 0.00 0.00 = 0.00"]);
    assert_eq!(story.statement("b"), ["08:00 complete pier-sothon>pier-sothon 10.00 0.00 0.00 = 10.00"]);
}

#[test]
fn a_second_tap_in_the_same_bus_on_the_same_trip_costs_nothing_but_the_next_trip_does() {
    let town = town();
    let mut story = Story::of(&town);
    story.tap("bus1", "a", TapKind::Tap, "08:00").tap("bus1", "a", TapKind::Tap, "08:12");
    story.tap("bus1", "a", TapKind::Tap, "09:00").wait("12:00");
    // The same route again is no change: no credit.
    assert_eq!(
        story.statement("a"),
        ["08:00 complete > 15.00 0.00 0.00 = 15.00", "09:00 complete > 15.00 0.00 0.00 = 15.00"]
    );
}

#[test]
fn where_a_rider_got_off_follows_from_where_he_goes_on() {
    let town = town();
    let mut story = Story::of(&town);
    // On at Sothon, no tap-off; on again at Marupong an hour later: he got off there.
    story.tap("pier-sothon", "a", TapKind::On, "08:00").tap("pier-marupong", "a", TapKind::On, "10:00");
    story.tap("pier-pitula", "a", TapKind::Off, "10:10").wait("23:00");
    assert_eq!(
        story.statement("a"),
        [
            "08:00 inferred pier-sothon>pier-marupong 10.00 0.00 0.00 = 10.00",
            "10:00 complete pier-marupong>pier-pitula 10.00 0.00 0.00 = 10.00",
        ]
    );
}

#[test]
fn a_card_at_two_piers_at_once_is_suspected_and_both_rides_are_priced() {
    let town = town();
    let mut story = Story::of(&town);
    // 3,000 m in one minute; b has two, and a boat that is quick enough.
    story.tap("pier-sothon", "a", TapKind::On, "08:00").tap("pier-saman", "a", TapKind::On, "08:01");
    story.tap("pier-sothon", "b", TapKind::On, "08:00").tap("pier-saman", "b", TapKind::On, "08:02");
    story.wait("23:00");
    let suspected: Vec<String> =
        story.drive.books.suspected.iter().map(|(first, second)| format!("{first} {second}")).collect();
    assert_eq!(suspected, ["pier-sothon/1/1 pier-saman/1/2"]);
    assert_eq!(story.statement("a").len(), 2);
    assert_eq!(story.statement("b").len(), 2);
}

#[test]
fn a_terminal_with_no_clock_at_all_is_timed_by_how_long_it_has_been_on() {
    let town = town();
    let mut story = Story::of(&town);
    story.tap_late("bus1", "a", TapKind::Tap, "08:03", "13:00").wait("23:00");
    assert_eq!(story.statement("a"), ["08:03 complete > 15.00 0.00 0.00 = 15.00"]);
}

#[test]
fn a_concession_given_to_a_card_that_is_not_in_memory_counts_from_its_next_ride() {
    let town = town();
    let mut story = Story::of(&town);
    let senior = Concession { category: "senior".into(), from: at("0:00"), until: at("99:00") };
    let profile = Profile { concessions: vec![senior], confirmed: vec![] };
    let told = vec![Event::Review("a".into(), at("0:00")), Event::Profile("a".into(), profile)];
    story.drive.at(at("07:00"), told);
    story.tap("bus1", "a", TapKind::Tap, "08:00").wait("23:00");
    assert_eq!(story.statement("a"), ["08:00 complete > 7.50 0.00 0.00 = 7.50"]);
}

#[test]
fn a_top_up_of_a_card_that_is_not_in_memory_ends_its_denial() {
    let town = town();
    let mut story = Story::of(&town);
    story.tap("bus1", "a", TapKind::Tap, "08:00").wait("23:00");
    assert!(story.drive.books.denied.contains("a"), "its ride was not paid");
    story.wait("80:00");
    assert_eq!(story.drive.engine.available("a"), None, "it has left the memory");
    story.top_up("a", 10_000, "81:00");
    assert!(story.drive.books.denied.is_empty());
    assert_eq!(story.available("a"), 8_500);
}

#[test]
fn a_tap_of_an_earlier_run_is_timed_by_what_was_heard_of_that_run_before_the_engine_began() {
    let town = town();
    let mut story = Story::of(&town);
    let run = |boot: &str, received: &str, up_min: i64| RequestClock {
        received: at(received),
        boot: boot.into(),
        up_ms: up_min * 60_000,
        wall: None,
        rtt_ms: 50,
    };
    // The run began at 6:00; the tap is of 8:00, and comes with a request of the next run.
    let heard = Event::Heard("T-EV-0".into(), Arc::new(run("1", "7:00", 60)));
    story.drive.at(at("9:00"), vec![heard]);
    let tap = Tap {
        id: TapId { terminal: "T-EV-0".into(), epoch: 1, seq: 1 },
        card: "a".into(),
        kind: TapKind::Tap,
        clock: TapClock { boot: "1".into(), up_ms: 120 * 60_000, wall: None, gps: None },
        request: Arc::new(run("2", "9:30", 5)),
        whereabouts: Whereabouts::default(),
        pax: 1,
        denied: None,
        fare_shown: None,
        balance_shown: None,
        deny_ver: 0,
        line: "".into(),
    };
    story.drive.at(at("9:30"), vec![Event::Tap(0, Arc::new(tap))]);
    let record = &story.drive.books.records[&0];
    assert_eq!((record.timed.method.word(), record.tap.t), ("uptime", at("8:00")));
}
