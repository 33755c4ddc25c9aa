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
async fn several_processes_serve_one_sqlite_file_and_none_changes_tables_under_another() {
    let place = Place::sqlite().await;
    let first = place.open().await;
    let second = place.open().await;
    second.device_put(&Device::new("bus-017", "EV-07", VehicleClass::Bus), &actor()).await.unwrap();
    assert_eq!(first.devices().await.unwrap().len(), 1);
    // As if the file came from an older program: the tables must be changed, with nobody looking.
    place.execute("delete from _sqlx_migrations").await.unwrap();
    let refused = sentence(&place.url).await;
    assert!(refused.contains("with every server stopped"), "{refused}");
}

#[tokio::test]
async fn a_url_that_no_database_answers_to_says_what_to_write() {
    assert!(sentence("mysql://localhost/x").await.contains("sqlite:PATH"));
    assert!(sentence("sqlite::memory:").await.contains("give a file"));
    assert!(sentence("sqlite:/nowhere/at/all/x.db").await.contains("folder"));
}
