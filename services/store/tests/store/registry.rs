//! Devices, their keys, and the audit of every change.

use crate::place::{DAY, actor, on_both};
use gtfs::Timestamp;
use std::sync::Arc;
use store::{AuditVerdict, Change, Device, DeviceKey, DeviceState, KeyKind, SpeedUnit, StoreError};
use tracking::Tier;
use tracking::check::VehicleClass;

fn key(kid: &str, kind: KeyKind) -> DeviceKey {
    DeviceKey {
        device: "bus-017".into(),
        kid: kid.into(),
        kind,
        secret: kid.as_bytes().repeat(16),
        created: DAY,
        last_used: None,
        revoked: None,
    }
}

on_both! {
    async fn a_device_reads_back_as_it_was_put(place: &Place) {
        let db = place.open().await;
        let mut device = Device::new("bus-017", "EV-07", VehicleClass::Bus);
        db.device_put(&device, &actor()).await.unwrap();
        assert_eq!(db.device("bus-017").await.unwrap().as_ref(), Some(&device));
        (device.mode, device.tier_max) = (VehicleClass::Ferry, Tier::Token);
        (device.speed_unit, device.clock_fix_allowed) = (SpeedUnit::Knots, true);
        (device.state, device.note) = (DeviceState::Suspended, "จอดซ่อม".into());
        db.device_put(&device, &actor()).await.unwrap();
        assert_eq!(db.devices().await.unwrap(), [device]);
        assert_eq!(db.device("bus-018").await.unwrap(), None);
    }

    async fn an_id_that_would_not_fit_a_url_is_refused(place: &Place) {
        let db = place.open().await;
        for id in ["", "bus 17", "สาย3", "a/b", &"x".repeat(65)] {
            let put = db.device_put(&Device::new(id, "EV-07", VehicleClass::Bus), &actor()).await;
            assert!(matches!(put, Err(StoreError::Refused(_))), "{id:?}: {put:?}");
        }
        assert!(db.devices().await.unwrap().is_empty());
    }

    async fn a_device_has_two_live_keys_of_a_kind_and_a_name_is_never_used_twice(place: &Place) {
        let db = place.open().await;
        db.device_put(&Device::new("bus-017", "EV-07", VehicleClass::Bus), &actor()).await.unwrap();
        for kid in ["k1", "k2"] {
            db.device_key_add(&key(kid, KeyKind::Hmac), &actor()).await.unwrap();
        }
        let third = db.device_key_add(&key("k3", KeyKind::Hmac), &actor()).await;
        assert!(matches!(third, Err(StoreError::Refused(_))), "{third:?}");
        db.device_key_add(&key("t1", KeyKind::Token), &actor()).await.unwrap();
        assert!(db.device_key_revoke("bus-017", "k1", &actor()).await.unwrap());
        assert!(!db.device_key_revoke("bus-017", "k1", &actor()).await.unwrap());
        let again = db.device_key_add(&key("k1", KeyKind::Hmac), &actor()).await;
        assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
        let live = db.device_keys_live().await.unwrap();
        assert_eq!(live, [key("k2", KeyKind::Hmac), key("t1", KeyKind::Token)]);
        assert_eq!(db.device_keys("bus-017").await.unwrap().len(), 3);
    }

    async fn a_key_of_an_unknown_device_is_refused(place: &Place) {
        let db = place.open().await;
        let added = db.device_key_add(&key("k1", KeyKind::Hmac), &actor()).await;
        assert!(matches!(added, Err(StoreError::Refused(_))), "{added:?}");
    }

    async fn the_last_use_of_keys_is_noted_many_at_once(place: &Place) {
        let db = place.open().await;
        db.device_put(&Device::new("bus-017", "EV-07", VehicleClass::Bus), &actor()).await.unwrap();
        for kid in ["k1", "k2"] {
            db.device_key_add(&key(kid, KeyKind::Hmac), &actor()).await.unwrap();
        }
        let used = ["k1", "k2"].map(|kid| (Arc::from("bus-017"), Arc::from(kid), Timestamp(DAY.0 + 5)));
        db.device_keys_used(&used).await.unwrap();
        assert!(db.device_keys_live().await.unwrap().iter().all(|key| key.last_used == Some(Timestamp(DAY.0 + 5))));
    }

    async fn every_change_is_audited_and_the_chain_holds(place: &Place) {
        let db = place.open().await;
        assert_eq!(db.audit_verify().await.unwrap(), AuditVerdict::Whole { rows: 0 });
        db.device_put(&Device::new("bus-017", "EV-07", VehicleClass::Bus), &actor()).await.unwrap();
        db.device_key_add(&key("k1", KeyKind::Hmac), &actor()).await.unwrap();
        db.device_key_revoke("bus-017", "k1", &actor()).await.unwrap();
        let rows = db.audit_after(0, 10).await.unwrap();
        let actions: Vec<&str> = rows.iter().map(|row| row.change.action.as_str()).collect();
        assert_eq!(actions, ["device_put", "device_key_add", "device_key_revoke"]);
        assert_eq!(rows[0].actor, actor());
        assert!(rows[0].change.before.is_empty() && rows[0].change.after.contains("vehicle=EV-07"));
        assert_eq!(db.audit_verify().await.unwrap(), AuditVerdict::Whole { rows: 3 });
    }

    async fn the_database_refuses_to_change_or_delete_audit_rows(place: &Place) {
        let db = place.open().await;
        db.audit(&actor(), &Change::default()).await.unwrap();
        for sql in ["update audit set who = 'nobody'", "delete from audit"] {
            assert!(place.execute(sql).await.is_err(), "{sql}");
        }
    }

    async fn a_changed_or_missing_audit_row_is_found_by_its_id(place: &Place) {
        let db = place.open().await;
        for n in 0..5 {
            let change = Change { subject: n.to_string(), ..Change::default() };
            db.audit(&actor(), &change).await.unwrap();
        }
        // Who owns the database can drop the triggers; the chain still tells.
        for trigger in ["audit_no_update", "audit_no_delete", "audit_no_change"] {
            for sql in [format!("drop trigger {trigger}"), format!("drop trigger {trigger} on audit")] {
                let _ = place.execute(&sql).await;
            }
        }
        place.execute("delete from audit where id = 5").await.unwrap();
        assert!(matches!(db.audit_verify().await.unwrap(), AuditVerdict::Broken { id: 5, .. }));
        place.execute("update audit set subject = 'x' where id = 3").await.unwrap();
        assert!(matches!(db.audit_verify().await.unwrap(), AuditVerdict::Broken { id: 3, .. }));
        place.execute("delete from audit where id = 2").await.unwrap();
        assert!(matches!(db.audit_verify().await.unwrap(), AuditVerdict::Broken { id: 2, .. }));
    }
}
