//! One binary for every whole-system test.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and say aloud what they skip"
)]

mod bad_taps;
mod enrol;
mod fares;
mod feed;
mod harness;
mod learned;
mod mend;
mod office;
mod panel;
mod postgres;
mod shown;
mod spine;
mod spine_disk;
mod spine_standby;
mod taps;
mod tidy;

/// The time, for tests that ride a timetable that runs now.
#[expect(clippy::disallowed_methods, reason = "these tests meet a server that keeps the real time")]
fn now() -> gtfs::Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    gtfs::Timestamp(i64::try_from(since.as_micros()).expect("before 294247"))
}
