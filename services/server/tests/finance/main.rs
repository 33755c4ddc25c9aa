//! The finance office's API on a whole server: who may, what is shown, what is written down.

#[cfg(test)]
#[path = "../ingest/harness.rs"]
#[expect(dead_code, reason = "the harness serves other tests too")]
mod harness;

#[cfg(test)]
mod api;
#[cfg(test)]
mod tariff;
