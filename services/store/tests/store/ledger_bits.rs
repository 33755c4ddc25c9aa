//! Every flipped bit of the ledger and of the audit log is found, and the row is named.

use crate::ledger::{ride, top_up};
use crate::place::{Place, actor, on_both};
use sqlx::{AssertSqlSafe, Connection, Row};
use store::{AuditVerdict, Change, Db, FareCommit};

/// A table, its key, and its other columns by kind.
struct Table {
    name: &'static str,
    key: &'static str,
    integers: &'static [&'static str],
    texts: &'static [&'static str],
    blobs: &'static [&'static str],
}

const TABLES: [Table; 7] = [
    Table {
        name: "journal",
        key: "id",
        integers: &["effective_us", "posted_us"],
        texts: &["kind", "cause", "service_day", "posting_day", "postings"],
        blobs: &["digest"],
    },
    Table {
        name: "leg",
        key: "id",
        integers: &[
            "rev",
            "prev",
            "journal",
            "posted_us",
            "full_satang",
            "alone_satang",
            "transfer_satang",
            "capped_satang",
            "charge_satang",
            "start_us",
            "end_us",
        ],
        texts: &[
            "leg",
            "card",
            "status",
            "service_day",
            "agency",
            "network",
            "tariff",
            "product",
            "cap",
            "off_tap",
            "route",
            "trip",
            "vehicle",
            "from_stop",
            "to_stop",
        ],
        blobs: &["digest", "digest_place"],
    },
    Table {
        name: "tap_state",
        key: "id",
        integers: &["tap", "epoch", "seq", "rev", "prev", "posted_us", "pax", "t_us", "bound_ms"],
        texts: &[
            "terminal",
            "card",
            "fate",
            "leg",
            "service_day",
            "agency",
            "network",
            "method",
            "vehicle",
            "trip",
            "stop",
        ],
        blobs: &["digest", "digest_place"],
    },
    Table {
        name: "ledger_commit",
        key: "id",
        integers: &["posted_us", "lease_epoch", "journal_last", "leg_last", "tap_state_last"],
        texts: &[],
        blobs: &["hash"],
    },
    Table { name: "ledger_salt", key: "commit_id", integers: &[], texts: &[], blobs: &["salt"] },
    Table {
        name: "ledger_head",
        key: "one",
        integers: &["commit_id", "journal", "leg", "tap_state"],
        texts: &[],
        blobs: &["hash"],
    },
    Table {
        name: "audit",
        key: "id",
        integers: &["at_us"],
        texts: &["who", "role", "action", "subject", "value_before", "value_after"],
        blobs: &["hash"],
    },
];

/// The same numbers each run: a bit that is not found once is not found again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// A value of a row, as the text of SQL.
async fn value(place: &Place, kind: &str, sql: String) -> String {
    let blob = |bytes: Vec<u8>, postgres: bool| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if postgres { format!("'\\x{digits}'") } else { format!("x'{digits}'") }
    };
    macro_rules! read {
        ($row:expr, $postgres:expr) => {
            match kind {
                "integer" => $row.get::<i64, _>(0).to_string(),
                "text" => format!("'{}'", $row.get::<String, _>(0).replace('\'', "''")),
                _ => blob($row.get::<Vec<u8>, _>(0), $postgres),
            }
        };
    }
    if let Some(path) = place.url.strip_prefix("sqlite:") {
        let mut connection = sqlx::SqliteConnection::connect(path).await.unwrap();
        read!(sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap(), false)
    } else {
        let mut connection = sqlx::PgConnection::connect(&place.url).await.unwrap();
        read!(sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap(), true)
    }
}

/// The value with one bit of it changed.
fn flipped(kind: &str, value: &str, dice: &mut Dice) -> String {
    match kind {
        "integer" => (value.parse::<i64>().unwrap() ^ (1 << dice.roll(40))).to_string(),
        "text" => {
            // Letters, digits and marks of one byte: any of their low bits makes another such one.
            let mut bytes = value.trim_matches('\'').as_bytes().to_vec();
            let at = dice.roll(bytes.len());
            bytes[at] = if bytes[at] == b'b' { b'c' } else { b'b' };
            format!("'{}'", String::from_utf8(bytes).unwrap())
        }
        _ => {
            let at = value.find(|c: char| c.is_ascii_digit() && c != '0').unwrap_or(3).max(3);
            let (head, tail) = value.split_at(at);
            let digit = u32::from_str_radix(&tail[..1], 16).unwrap() ^ (1 << dice.roll(4));
            format!("{head}{digit:x}{}", &tail[1..])
        }
    }
}

/// Who owns the database can drop the triggers; the chain still tells.
async fn without_triggers(place: &Place) {
    for table in ["journal", "leg", "tap_state", "ledger_commit", "audit"] {
        for what in ["no_update", "no_delete", "no_change"] {
            for sql in
                [format!("drop trigger {table}_{what}"), format!("drop trigger {table}_{what} on {table}")]
            {
                let _ = place.execute(&sql).await;
            }
        }
    }
}

/// What both verifications name as wrong.
async fn named(db: &Db) -> Vec<String> {
    let mut places: Vec<String> = match db.ledger_verify().await {
        Ok(verdict) => verdict.faults.into_iter().map(|fault| fault.place).collect(),
        Err(unreadable) => vec![unreadable.to_string()],
    };
    if let AuditVerdict::Broken { id, .. } = db.audit_verify().await.unwrap() {
        places.push(format!("audit {id}"));
    }
    places
}

/// What may be named for a flipped bit in this row.
fn is_named(table: &str, key: &str, places: &[String]) -> bool {
    let exact = match table {
        // A commit whose bounds moved misses or finds too many rows; its hash is the hash of the next one's past.
        "ledger_commit" | "ledger_head" => return !places.is_empty(),
        "ledger_salt" => format!("commit {key}"),
        table => format!("{table} {key}"),
    };
    places.contains(&exact)
}

on_both! {
    async fn every_flipped_bit_is_found_and_the_row_named(place: &Place) {
        let db = place.open().await;
        db.fares_commit(&FareCommit { journals: vec![top_up("psp:1", "a", 10_000)], ..FareCommit::default() }).await.unwrap();
        for seq in 2..8 {
            let (mut one, two) = (ride("a", seq * 10), ride("b", seq * 10 + 1));
            one.taps.extend(two.taps);
            one.legs.extend(two.legs);
            one.journals.extend(two.journals);
            db.fares_commit(&one).await.unwrap();
            db.audit(&actor(), &Change { action: "x".into(), subject: "s".into(), before: "b4".into(), after: "a4".into(), ..Change::default() }).await.unwrap();
        }
        without_triggers(place).await;
        assert_eq!(named(&db).await, [""; 0]);
        let mut dice = Dice(7);
        for table in &TABLES {
            let columns = [("integer", table.integers), ("text", table.texts), ("blob", table.blobs)];
            for (kind, column) in columns.iter().flat_map(|(kind, names)| names.iter().map(move |name| (*kind, *name))) {
                let (name, key) = (table.name, table.key);
                let nth = if name == "ledger_head" { 0 } else { dice.roll(6) };
                let row = value(place, "integer", format!("select {key} from {name} order by {key} limit 1 offset {nth}")).await;
                let was = value(place, kind, format!("select {column} from {name} where {key} = {row}")).await;
                let is = flipped(kind, &was, &mut dice);
                assert_ne!(was, is);
                place.execute(&format!("update {name} set {column} = {is} where {key} = {row}")).await.unwrap();
                let places = named(&db).await;
                assert!(is_named(name, &row, &places), "{name}.{column} of {row}: {was} -> {is}: {places:?}");
                place.execute(&format!("update {name} set {column} = {was} where {key} = {row}")).await.unwrap();
                assert_eq!(named(&db).await, [""; 0], "{name}.{column} back to {was}");
            }
        }
    }

    async fn rows_that_are_gone_and_rows_put_in_are_named(place: &Place) {
        let db = place.open().await;
        for seq in 1..6 {
            db.fares_commit(&ride("a", seq * 10)).await.unwrap();
        }
        without_triggers(place).await;
        for (table, key) in [("journal", "id"), ("leg", "id"), ("tap_state", "id")] {
            let sql = format!("create table kept as select * from {table} where {key} = 3; delete from {table} where {key} = 3");
            place.execute(&sql).await.unwrap();
            assert!(named(&db).await.contains(&format!("{table} 3")), "{table}");
            place.execute(&format!("insert into {table} select * from kept; drop table kept")).await.unwrap();
            assert_eq!(named(&db).await, [""; 0]);
        }
        place.execute("delete from ledger_commit where id = 5").await.unwrap();
        assert!(named(&db).await.iter().any(|place| place == "commit 5"));
    }

    async fn a_row_changed_with_its_digest_still_shows_by_its_commit(place: &Place) {
        let db = place.open().await;
        for seq in 1..6 {
            db.fares_commit(&ride("a", seq * 10)).await.unwrap();
        }
        without_triggers(place).await;
        // Two rows of another ledger, right in themselves: journal 3 replaced by a copy made elsewhere.
        let other = Place::sqlite().await;
        let forger = other.open().await;
        for seq in [10, 20, 31] {
            forger.fares_commit(&ride("a", seq)).await.unwrap();
        }
        let forged = forger.journals_after(2, 1).await.unwrap().remove(0);
        let digits: String = forged.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let blob = if place.url.starts_with("sqlite:") { format!("x'{digits}'") } else { format!("'\\x{digits}'") };
        let postings = "card:a\t1500\tT-1/1/31\t1\nfare_clearing\t-1500\tT-1/1/31\t1\n";
        let sql = format!(
            "update journal set cause = 'fare:T-1/1/31', effective_us = {0}, posted_us = {0}, postings = '{postings}', \
             digest = {blob} where id = 3",
            forged.journal.effective.0
        );
        place.execute(&sql).await.unwrap();
        let places = named(&db).await;
        assert!(places.contains(&"commit 3".to_owned()), "{places:?}");
        assert!(!places.contains(&"journal 3".to_owned()), "the row is right in itself: {places:?}");
    }

    async fn places_are_made_coarse_and_the_rest_stays_proven(place: &Place) {
        let db = place.open().await;
        for seq in 1..4 {
            db.fares_commit(&ride("a", seq * 3_600)).await.unwrap();
        }
        let before = gtfs::Timestamp(crate::place::DAY.0 + 2 * 3_600 * 1_000_000);
        assert_eq!(db.ledger_generalise(before).await.unwrap(), 2, "a leg and a tap of the first commit");
        assert_eq!(db.ledger_generalise(before).await.unwrap(), 0);
        let verdict = db.ledger_verify().await.unwrap();
        assert_eq!((verdict.faults, verdict.rows.generalised), (vec![], 2));
        let history = db.card_history(&"a".into(), gtfs::Timestamp(0)).await.unwrap();
        let stops: Vec<&str> = history.legs.iter().map(|row| &*row.leg.from).collect();
        assert_eq!(stops, ["", "P04", "P04"]);
        assert_eq!(history.legs[0].leg.price.charge, fares::Satang(1_500), "money stays");
        without_triggers(place).await;
        place.execute("update leg set charge_satang = 1 where id = 1").await.unwrap();
        assert_eq!(named(&db).await, ["leg 1"]);
    }

    async fn what_was_committed_since_a_time_is_read_again_by_itself(place: &Place) {
        let db = place.open().await;
        for seq in 1..=4 {
            db.fares_commit(&ride("a", seq)).await.unwrap();
        }
        let since = ride("a", 3).at;
        let verdict = db.ledger_verify_since(since).await.unwrap();
        assert_eq!((verdict.rows.commits, verdict.rows.taps, verdict.faults.len()), (2, 2, 0));
        without_triggers(place).await;
        place.execute("update leg set charge_satang = 1 where id = 1").await.unwrap();
        assert_eq!(db.ledger_verify_since(since).await.unwrap().faults, []);
        place.execute("update leg set charge_satang = 1 where id = 3").await.unwrap();
        place.execute("update balance set debit_satang = 1 where account = 'fare_clearing'").await.unwrap();
        let faults = db.ledger_verify_since(since).await.unwrap().faults;
        assert_eq!(faults.iter().map(|fault| &*fault.place).collect::<Vec<_>>(), ["leg 3", "balance"]);
    }

    async fn a_balance_or_a_card_head_that_was_changed_shows(place: &Place) {
        let db = place.open().await;
        db.fares_commit(&ride("a", 10)).await.unwrap();
        for (spoil, mend) in [
            ("update balance set debit_satang = 1 where account = 'fare_clearing'", "update balance set debit_satang = -1500 where account = 'fare_clearing'"),
            ("update card_head set leg = 0", "update card_head set leg = 1"),
        ] {
            place.execute(spoil).await.unwrap();
            assert_eq!(named(&db).await.len(), 1, "{spoil}");
            place.execute(mend).await.unwrap();
            assert_eq!(named(&db).await, [""; 0]);
        }
    }
}
