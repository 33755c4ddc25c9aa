//! The rules applied to a batch: pure but for the device's memory, which is passed in.

use super::device::{Device, Memory};
use super::heartbeat;
use super::record::{Content, Record, unreadable};
use gtfs::Timestamp;
use std::fmt::Write;
use store::{PingRow, Verdict};
use tracking::check::{
    CheckParams, Checked, Detail, DeviceProfile, Flags, HistReason, Reject, Verdict as Judged, check,
};
use tracking::{Ping, Tier};

/// What became of each record of a batch, before the store has seen it.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// Records to store, in the order sent.
    pub(super) rows: Vec<PingRow>,
    /// Those of them that the tracker may get: their position in `rows`, and the ping.
    pub(super) live: Vec<(usize, Ping)>,
    /// What is told to the sender.
    pub(super) summary: Summary,
}

/// What is told to the sender, but for what the store adds.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// How each row is stored.
    pub(super) verdicts: Vec<Verdict>,
    /// Flags, by position in the batch.
    pub(super) flags: Vec<(usize, Flags)>,
    /// Refused records.
    pub(super) refused: Vec<Refused>,
    /// How many rows are history because they came late.
    pub(super) late: usize,
}

/// A refused record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refused {
    /// Its position in the batch.
    pub at: usize,
    /// Its number, when it has one that can be read.
    pub seq: Option<i64>,
    /// Why.
    pub reject: Reject,
}

/// Who sent a batch, and when it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender<'a> {
    pub(super) device: &'a Device,
    pub(super) tier: Tier,
    pub(super) now: Timestamp,
    pub(super) simulated_is_live: bool,
}

/// Judges records in the order sent. `numbered`: each must have its own number.
pub(super) fn judge(
    records: Vec<Record>,
    sender: Sender<'_>,
    numbered: bool,
    memory: &mut Memory,
    params: &CheckParams,
) -> Judgement {
    let profile = sender.device.profile(sender.tier, sender.simulated_is_live);
    let mut judgement = Judgement { rows: Vec::with_capacity(records.len()), ..Judgement::default() };
    for (at, record) in records.into_iter().enumerate() {
        let seq = record.seq;
        let outcome = record.content.and_then(|content| {
            let seq = if numbered { seq.ok_or(unreadable("seq"))? } else { content.report().t.0 };
            judgement.record(at, seq, content, &profile, sender.now, memory, params)
        });
        if let Err(reject) = outcome {
            judgement.summary.refused.push(Refused { at, seq, reject });
        }
    }
    judgement
}

impl Judgement {
    #[expect(clippy::too_many_arguments, reason = "one record, and everything it is judged by")]
    fn record(
        &mut self,
        at: usize,
        seq: i64,
        content: Content,
        profile: &DeviceProfile,
        now: Timestamp,
        memory: &mut Memory,
        params: &CheckParams,
    ) -> Result<(), Reject> {
        let satellites = content.report().satellites;
        let (ping, verdict, flags, heartbeat) = match content {
            Content::Position(report) => {
                let checked = check(report, profile, &mut memory.state, now, params);
                let is_live = checked.is_live();
                let (verdict, late) = stored_as(&checked)?;
                let flags = checked.flags;
                let ping = checked.ping.ok_or(unreadable("pings"))?;
                self.summary.late += usize::from(late);
                if is_live {
                    self.live.push((self.rows.len(), ping.clone()));
                }
                (ping, verdict, flags, false)
            }
            Content::Heartbeat(report) => {
                let taken = heartbeat::check(&report, profile, now, params)?;
                (taken.ping, taken.verdict, taken.flags, true)
            }
        };
        if !flags.is_empty() {
            self.summary.flags.push((at, flags));
        }
        self.summary.verdicts.push(verdict);
        self.rows.push(PingRow { seq, verdict, flags, satellites, heartbeat, ping });
        Ok(())
    }
}

/// How the store has it, and whether it is history for being late.
fn stored_as(checked: &Checked) -> Result<(Verdict, bool), Reject> {
    match checked.verdict {
        Judged::Ok => Ok((Verdict::Ok, false)),
        Judged::Flag => Ok((Verdict::Flag, false)),
        Judged::Hist(reason) => Ok((Verdict::Hist, reason == HistReason::Late)),
        Judged::Rej(reject) => Err(reject),
    }
}

/// What was wrong, for a person who reads the quarantine.
pub(super) fn sentence(reject: &Reject) -> String {
    let mut text = String::new();
    // Writing to a String can not fail.
    let _ = match reject.detail {
        Detail::None => write!(text, "{}", reject.code.word()),
        Detail::Ms(ms) => write!(text, "{:.1} s from the server's time", ms as f64 / 1_000.0),
        Detail::Meters(m) => write!(text, "{:.1} km outside the service area", m / 1_000.0),
        Detail::Swapped => write!(text, "latitude and longitude are exchanged"),
        Detail::Field(field) => write!(text, "the field {field} is missing or can not be read"),
        Detail::Hint(hint) => write!(text, "{hint}"),
    };
    text
}
