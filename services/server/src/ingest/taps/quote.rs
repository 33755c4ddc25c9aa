//! What a fare would be, asked while the rider waits: the way from the taps door to the fare engine.
//!
//! Whoever runs the engine calls [`Quotes::connect`] and answers what comes. With nobody connected, or nobody
//! quick enough, there is no quote and the terminal decides alone.

pub use fares::engine::Quote;

use fares::Tap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Questions that may wait.
const ASKED_MAX: usize = 256;
/// A quote that takes longer is none: the terminal gives up at 150 ms (fares design, section 13).
pub const QUOTE_MAX: Duration = Duration::from_millis(120);

/// A question. The tap is on disk, but the engine may not have read it yet.
#[derive(Debug)]
pub struct QuoteAsk {
    /// The card.
    pub card: Arc<str>,
    /// Its tap.
    pub tap: Tap,
    /// Where the answer goes; dropped, there is none.
    pub answer: oneshot::Sender<Quote>,
}

/// The way to whoever answers.
#[derive(Debug, Default)]
pub struct Quotes(Mutex<Option<mpsc::Sender<QuoteAsk>>>);

impl Quotes {
    /// From now on questions come here. Who was connected before hears no more.
    #[must_use]
    pub fn connect(&self) -> mpsc::Receiver<QuoteAsk> {
        let (sender, asked) = mpsc::channel(ASKED_MAX);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        asked
    }

    /// What the tap's ride costs; `None` when nobody answers within [`QUOTE_MAX`].
    pub async fn ask(&self, card: Arc<str>, tap: Tap) -> Option<Quote> {
        let (answer, quote) = oneshot::channel();
        {
            let lane = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lane.as_ref()?.try_send(QuoteAsk { card, tap, answer }).ok()?;
        }
        tokio::time::timeout(QUOTE_MAX, quote).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fares::Satang;
    use fares::tap::{RequestClock, TapLine};

    fn tap() -> Tap {
        let line: Arc<str> = "1|1|b|0||card|tap||||||||1|ok||".into();
        let clock =
            RequestClock { received: gtfs::Timestamp(0), boot: "b".into(), up_ms: 0, wall: None, rtt_ms: 0 };
        TapLine::read(&line).unwrap().tap(&line, &"T-1".into(), &Arc::new(clock), 0)
    }

    #[tokio::test(start_paused = true)]
    async fn with_nobody_there_or_nobody_quick_there_is_no_quote() {
        let quotes = Quotes::default();
        assert_eq!(quotes.ask("card".into(), tap()).await, None);
        let _asked = quotes.connect();
        assert_eq!(quotes.ask("card".into(), tap()).await, None);
    }

    #[tokio::test]
    async fn whoever_is_connected_answers() {
        let quotes = Quotes::default();
        let mut asked = quotes.connect();
        let quote = Quote { fare: Satang(1_500), balance: Satang(2_700), day_left: Some(Satang(2_500)) };
        let answering = async {
            let ask = asked.recv().await.unwrap();
            assert_eq!((&*ask.card, ask.tap.id.seq), ("card", 1));
            ask.answer.send(quote).unwrap();
        };
        let (got, ()) = tokio::join!(quotes.ask("card".into(), tap()), answering);
        assert_eq!(got, Some(quote));
    }
}
