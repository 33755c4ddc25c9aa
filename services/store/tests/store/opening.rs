//! Opening: which URLs, which tables, how many processes.

use crate::place::{Place, actor, on_both};
use store::{Access, Db, Device, StoreError};
use tracking::check::VehicleClass;

async fn sentence(url: &str) -> String {
    match Db::connect(url).await {
        Err(StoreError::Unusable(sentence)) => sentence,
        other => panic!("{url} should be refused with a sentence, not {other:?}"),
    }
}

on_both! {
    async fn a_command_opens_a_served_database_beside_its_server(place: &Place) {
        let server = place.open().await;
        let command = Db::open(&place.url, Access::Admin).await.unwrap();
        command.device_put(&Device::new("bus-017", "EV-07", VehicleClass::Bus), &actor()).await.unwrap();
        assert_eq!(server.devices().await.unwrap().len(), 1);
    }

    async fn opening_again_finds_what_was_there(place: &Place) {
        let db = place.open().await;
        db.device_put(&Device::new("bus-017", "EV-07", VehicleClass::Bus), &actor()).await.unwrap();
        db.close().await;
        drop(db);
        assert_eq!(place.open().await.devices().await.unwrap().len(), 1);
    }

    async fn a_command_does_not_touch_tables_of_another_version(place: &Place) {
        place.open().await.close().await;
        place.execute("delete from _sqlx_migrations").await.unwrap();
        match Db::open(&place.url, Access::Admin).await {
            Err(StoreError::Unusable(sentence)) => assert!(sentence.contains("padriew migrate"), "{sentence}"),
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_second_serving_process_on_sqlite_is_refused_with_a_sentence() {
    let place = Place::sqlite().await;
    let first = place.open().await;
    let refused = sentence(&place.url).await;
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    assert!(refused.contains("--database postgres://"), "{refused}");
    first.close().await;
    drop(first);
    place.open().await;
}

#[tokio::test]
async fn a_url_that_no_database_answers_to_says_what_to_write() {
    assert!(sentence("mysql://localhost/x").await.contains("sqlite:PATH"));
    assert!(sentence("sqlite::memory:").await.contains("give a file"));
    assert!(sentence("sqlite:/nowhere/at/all/x.db").await.contains("folder"));
}
