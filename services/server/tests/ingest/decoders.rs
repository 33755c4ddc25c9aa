//! Decoders meet bytes that nobody meant to send: they refuse, and never panic.

use gtfs::Timestamp;
use proptest::prelude::*;
use server::ingest::osmand::{SpeedUnit, decode_form, decode_json};
use server::ingest::signature::Signed;
use server::ingest::{traccar, wire};

const NOW: Timestamp = Timestamp::from_s(1_795_136_525);
const PINGS: &str = r#"{"v":1,"boot":"7f3a","up_now":5,"pings":[{"seq":1201,"t":"2026-11-20T01:02:03.250Z","lat":13.68812,"lon":101.07156,"ev":{"soc":5}},{"up":3,"t":1e300,"lat":-1e9,"lon":null}]}"#;
const OSMAND: &str = r#"{"device_id":"b","location":{"timestamp":1795136523,"coords":{"latitude":13.6,"longitude":101,"speed":-1},"odometer":12}}"#;
const FORM: &str = "id=902064&lat=42.06288&lon=-88.23412&timestamp=2016-01-27T18%3A55%3A47Z&hdop=6.0&speed=1&valid=true&location=1,2";
const TRACCAR: &str = r#"{"position":{"fixTime":"2026-11-20T01:02:03.000+00:00","latitude":13.6,"longitude":101.0,"speed":16.2,"attributes":{"sat":11}},"device":{"uniqueId":"3"}}"#;
const INPUT: &str = r#"sig1=("@method" "@path" "content-digest");created=1795136525;keyid="bus-017:k1";nonce="9f1c6a0d5be24c71""#;

/// A sample with some bytes exchanged, taken out or doubled.
fn spoilt(sample: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let edit = (0..sample.len(), any::<u8>(), 0u8..4);
    prop::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = sample.as_bytes().to_vec();
        for (at, byte, kind) in edits {
            let at = at.min(bytes.len().saturating_sub(1));
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at.max(1)),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn spoilt_pings_are_refused_or_read_whole(body in spoilt(PINGS)) {
        if let Ok(batch) = wire::read(&body, NOW, 500) {
            prop_assert!((1..=500).contains(&batch.records.len()));
            let raw = wire::raw_records(&body);
            prop_assert!(raw.is_empty() || raw.len() == batch.records.len());
        }
    }

    #[test]
    fn bytes_of_any_kind_are_no_pings(body in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(wire::read(&body, NOW, 500).is_err());
    }

    #[test]
    fn spoilt_forms_and_messages_are_read_or_refused(
        form in spoilt(FORM), message in spoilt(OSMAND), forwarded in spoilt(TRACCAR),
    ) {
        let decoded = decode_form(&form, NOW, SpeedUnit::Knots);
        prop_assert!(decoded.record.is_some());
        let _ = decode_json(&message, NOW);
        let _ = traccar::decode(&forwarded);
    }

    #[test]
    fn a_spoilt_signature_never_verifies(input in spoilt(INPUT)) {
        let input = String::from_utf8_lossy(&input).into_owned();
        let key = server::ingest::signature::Key::new(&[7; 32]);
        let whole = server::ingest::signature::sign_request(
            &key, "bus-017:k1", 1_795_136_525, "9f1c6a0d5be24c71", ("POST", "/v1/pings"), b"{}",
        );
        let signed = Signed { input: &input, signature: &whole.signature, digest: &whole.digest };
        let verdict = signed.parameters().and_then(|p| signed.verify(&key, &p, "POST", "/v1/pings", b"{}"));
        // The label is not signed (RFC 9421, 2.3); everything from the bracket on is.
        let same = input.split_once('=').map(|(_, rest)| rest) == whole.input.split_once('=').map(|(_, rest)| rest);
        prop_assert!(verdict.is_err() || same, "{input}");
    }
}
