//! Signed batches of pings, made before the clock runs.

use crate::http;
use gtfs::Timestamp;
use server::demo::client::{DeviceKey, PINGS_PATH, sign};
use std::fmt::Write as _;

/// Where the made-up vehicles stand: inside the sample network's area.
const HOME: (f64, f64) = (13.6900, 101.0700);

/// One made-up device. Its vehicle stands still, so that no rule about motion decides the figures.
#[derive(Clone)]
pub(crate) struct Device {
    /// What it signs with.
    pub(crate) key: DeviceKey,
    /// Of this run.
    pub(crate) boot: String,
    /// The next number.
    pub(crate) seq: u64,
}

impl Device {
    /// A device that has sent nothing.
    pub(crate) fn new(key: DeviceKey) -> Self {
        Self { key, boot: uuid::Uuid::new_v4().simple().to_string()[..12].to_owned(), seq: 0 }
    }

    /// The next `count` pings as a body: the first measured at `first`, the others `step_s` apart.
    pub(crate) fn body(&mut self, count: usize, first: Timestamp, step_s: f64) -> Vec<u8> {
        let mut body = format!("{{\"v\":1,\"boot\":\"{}\",\"pings\":[", self.boot);
        for i in 0..count {
            let t_ms = first.0 as f64 / 1000.0 + i as f64 * step_s * 1000.0;
            let comma = if i == 0 { "" } else { "," };
            // Writing to a string can not fail.
            let _ = write!(
                body,
                "{comma}{{\"seq\":{},\"t\":{t_ms:.3},\"lat\":{:.6},\"lon\":{:.6},\"spd\":0.3,\"acc\":4.5,\"sat\":11}}",
                self.seq, HOME.0, HOME.1
            );
            self.seq += 1;
        }
        body.push_str("]}");
        body.into_bytes()
    }
}

/// A body as a signed request, with a nonce of its own.
pub(crate) fn signed(key: &DeviceKey, now: Timestamp, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let h = sign(key, now.s(), &nonce, body)?;
    let headers = [
        ("content-digest", h.content_digest.as_str()),
        ("signature-input", h.signature_input.as_str()),
        ("signature", h.signature.as_str()),
    ];
    Ok(http::post(PINGS_PATH, &headers, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_the_server_reads_and_numbers_go_on() {
        let key = DeviceKey { key_id: "load-0:k1".to_owned(), secret: vec![7; 32] };
        let mut device = Device::new(key);
        device.body(3, Timestamp::from_s(1_795_136_525), 0.5);
        let body = device.body(2, Timestamp::from_s(1_795_136_530), 0.5);
        let now = Timestamp::from_s(1_795_136_540);
        let batch = server::ingest::wire::read(&body, now, 500).unwrap();
        let seqs: Vec<_> = batch.records.iter().map(|record| record.seq).collect();
        assert_eq!(seqs, [Some(3), Some(4)]);
        assert!(batch.records.iter().all(|record| record.content.is_ok()));
    }
}
