//! What the simulated terminals count, for `/metrics` and for the hourly line.

use crate::metrics::Metrics;
use fares::Satang;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// The counters of all terminals together. Clones count into the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    made: Counter,
    sent: Counter,
    acknowledged: Counter,
    lost: Counter,
    held: Gauge,
    held_offline: Gauge,
    quotes_asked: Counter,
    quotes_answered: Counter,
    refused: Counter,
    top_ups_wished: Counter,
    top_ups_satang: Counter,
}

/// What a terminal has counted as held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    held: i64,
    offline: i64,
}

impl Tally {
    /// Registers the counters.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let tally = Self::default();
        let counters = [
            ("demo_taps_made", "Touches of simulated cards", &tally.made),
            ("demo_taps_sent", "Taps in requests, each time they were sent", &tally.sent),
            ("demo_taps_acknowledged", "Taps deleted by a terminal after an ack", &tally.acknowledged),
            ("demo_taps_lost", "Taps lost from a terminal's flash", &tally.lost),
            ("demo_quotes_asked", "Taps for which a rider waited for the fare", &tally.quotes_asked),
            ("demo_quotes_answered", "Fares that came", &tally.quotes_answered),
            ("demo_riders_refused", "Taps of cards on a terminal's deny list", &tally.refused),
            ("demo_top_ups_wished", "Top-ups that riders want", &tally.top_ups_wished),
            ("demo_top_ups_wished_satang", "How much they want to pay in", &tally.top_ups_satang),
        ];
        metrics.register(|registry| {
            for (name, help, counter) in counters {
                registry.register(name, help, counter.clone());
            }
            registry.register("demo_taps_held", "Taps waiting in terminals", tally.held.clone());
            let offline = tally.held_offline.clone();
            registry.register("demo_taps_held_offline", "Of these, in terminals that are offline", offline);
        });
        tally
    }

    /// A card was touched.
    pub(super) fn tap_made(&self) {
        self.made.inc();
    }

    /// A request with so many taps goes out.
    pub(super) fn taps_sent(&self, taps: usize) {
        self.sent.inc_by(taps as u64);
    }

    /// A terminal has deleted so many.
    pub(super) fn taps_acknowledged(&self, taps: usize) {
        self.acknowledged.inc_by(taps as u64);
    }

    /// A tap is gone from a flash.
    pub(super) fn tap_lost(&self) {
        self.lost.inc();
    }

    /// A rider waits for the fare.
    pub(super) fn quote_asked(&self) {
        self.quotes_asked.inc();
    }

    /// The fare came.
    pub(super) fn quote_answered(&self) {
        self.quotes_answered.inc();
    }

    /// A denied card was refused.
    pub(super) fn rider_refused(&self) {
        self.refused.inc();
    }

    /// Somebody wants to pay in.
    pub(crate) fn top_up_wished(&self, satang: Satang) {
        self.top_ups_wished.inc();
        self.top_ups_satang.inc_by(satang.0.unsigned_abs());
    }

    /// A terminal holds `held` taps now; `counted` is what it had said before.
    pub(super) fn holds(&self, counted: &mut Counted, held: usize, is_offline: bool) {
        let held = i64::try_from(held).unwrap_or(i64::MAX);
        let now = Counted { held, offline: if is_offline { held } else { 0 } };
        self.held.inc_by(now.held - counted.held);
        self.held_offline.inc_by(now.offline - counted.offline);
        *counted = now;
    }

    /// For people.
    pub(crate) fn words(&self) -> String {
        let mut words = format!(
            "taps: {} made, {} sent, {} acknowledged, {} held offline; quotes: {} of {} answered",
            self.made.get(),
            self.sent.get(),
            self.acknowledged.get(),
            self.held_offline.get(),
            self.quotes_answered.get(),
            self.quotes_asked.get(),
        );
        let rare = [("lost", self.lost.get()), ("refused", self.refused.get())];
        for (word, count) in rare.into_iter().filter(|(_, count)| *count > 0) {
            words.push_str(&format!("; {count} {word}"));
        }
        words
    }

    /// Made, acknowledged, lost, held, held offline.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (u64, u64, u64, i64, i64) {
        let lost = self.lost.get();
        (self.made.get(), self.acknowledged.get(), lost, self.held.get(), self.held_offline.get())
    }
}
