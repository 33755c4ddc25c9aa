//! A run that takes much from many stops, is told to people, and goes on when two of them agree.

use super::desk::{Office, batch};
use super::town::{Town, day, received, tariff_of};
use crate::harness::{Backend, on_both};
use ::fares::engine::Event;
use ::fares::{FareCommand, Tariffs};
use gtfs::Timestamp;
use server::driver::fares::desk::Desk;
use server::driver::fares::halt::{BULK_DEBIT, halted};
use server::ingest::enroll::local_actor;
use store::{CommandAsked, Db, DiscrepancyState, StoreError};

const HOUR_S: f64 = 3_600.0;

/// All rides of all cards priced again, a bus dearer: as a program would that is wrong.
async fn priced_again(office: &mut Office<'_>, bus: &str, now: Timestamp) -> Result<(), StoreError> {
    let tariffs = Tariffs::new(vec![tariff_of(|toml| toml.replace("15.00", bus))]);
    let cards = office.shelf.db.cards_after("", 1_000).await?.into_iter();
    let since = day(0).start(chrono_tz::Asia::Bangkok);
    let review = cards.map(|card| Event::Review(card, since));
    office.desk.tell(now, std::iter::once(Event::Tariffs(tariffs)).chain(review).collect()).await
}

async fn resume(db: &Db, now: Timestamp) -> i64 {
    let asked = CommandAsked {
        key: format!("resume {}", now.0).into(),
        command: FareCommand::ResumeRating,
        agency: "".into(),
        needs_approval: FareCommand::ResumeRating.needs_four_eyes(::fares::command::FOUR_EYES_FROM),
    };
    db.fare_command_ask(&asked, &local_actor(now, "somchai")).await.unwrap().id
}

#[test]
fn a_run_that_takes_much_from_many_stops_until_two_people_agree_and_taps_go_on() {
    on_both("bulk debit", async |backend| stops_and_resumes(backend).await);
}

async fn stops_and_resumes(backend: Backend) {
    let town = Town::new(5, 120, 2);
    let mut office = Office::open(&town, backend).await;
    let midnight = day(1).start(chrono_tz::Asia::Bangkok);
    office.lives(Timestamp(0)..midnight).await;
    let now = midnight.plus_s(4.0 * HOUR_S);
    office.desk.round(now).await.unwrap();
    let before = office.outcome().await;

    let stopped = priced_again(&mut office, "20.00", now).await.unwrap_err();
    assert!(matches!(&stopped, StoreError::Refused(why) if why.contains("rating is halted")), "{stopped}");
    assert_eq!(office.outcome().await, before, "{backend:?}: nothing of it is written");
    let found =
        office.shelf.db.discrepancies(DiscrepancyState::Open, 0, 10).await.unwrap().pop().unwrap().found;
    assert_eq!(&*found.kind, BULK_DEBIT);
    assert!(found.amount.unwrap().0 > 0 && found.detail.contains(" cards "), "{}", found.detail);

    // Whoever takes over is halted too, and taps go on.
    assert!(matches!(Desk::open(office.shelf.db.clone(), None).await, Err(StoreError::Refused(_))));
    let (_, tap) = town.taps.iter().find(|(t, _)| *t > now).unwrap();
    office.shelf.writer.submit(batch(&received(tap, now))).await.unwrap();

    let asked = resume(&office.shelf.db, now.plus_s(60.0)).await;
    assert!(halted(&office.shelf.db).await.unwrap().is_some(), "one person is not enough");
    let alone =
        office.shelf.db.fare_command_approve(asked, true, &local_actor(now.plus_s(61.0), "somchai")).await;
    assert!(matches!(alone, Err(StoreError::Refused(_))));
    assert!(
        office
            .shelf
            .db
            .fare_command_approve(asked, true, &local_actor(now.plus_s(90.0), "malee"))
            .await
            .unwrap()
    );
    assert_eq!(halted(&office.shelf.db).await.unwrap(), None);

    let now = now.plus_s(120.0);
    office.begin(now).await;
    priced_again(&mut office, "20.00", now).await.unwrap();
    office.desk.round(now).await.unwrap();
    let after = office.outcome().await;
    assert_ne!(after, before, "{backend:?}: what two agreed to is posted");
    assert_eq!(office.desk.taps_read(), office.shelf.db.taps_newest().await.unwrap(), "and the tap is taken");
    let done = office.shelf.db.fare_command(asked).await.unwrap().unwrap();
    assert_eq!(done.event, Some(store::CommandEvent::Done));

    // What nobody agreed to stops it again.
    let later = now.plus_s(2.0 * HOUR_S);
    let again = priced_again(&mut office, "25.00", later).await;
    assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
    assert_eq!(office.outcome().await, after);
    office.shelf.close().await;
}
