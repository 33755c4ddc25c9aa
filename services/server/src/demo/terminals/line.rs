//! A terminal's line to the server: what it holds goes out, answers come in.

use super::Air;
use super::post::Post;
use crate::demo::sim::riders::{Purses, TerminalFault};
use crate::terminal::{Moment, Reply, Spoken, TerminalClient, TerminalKey};
use anyhow::bail;
use fares::Satang;
use std::sync::{Mutex, PoisonError};

/// Taps in one request.
const BATCH_TAPS_MAX: usize = 100;
/// Requests before a terminal looks at its riders again.
const REQUESTS_IN_A_ROW_MAX: usize = 20;

/// The line of one terminal.
pub(super) struct Line {
    client: TerminalClient,
    /// The last round trip, milliseconds of the demo's clock.
    rtt_ms: i64,
}

impl Line {
    pub(super) fn new(base_url: &str, key: TerminalKey) -> anyhow::Result<Self> {
        Ok(Self { client: TerminalClient::new(base_url, key)?, rtt_ms: 0 })
    }

    /// Sends what the terminal holds, or that it is there, until there is no more to say.
    ///
    /// # Errors
    /// When the server does not take it; nothing is deleted then.
    pub(super) async fn deliver(
        &mut self,
        post: &mut Post,
        air: &Air,
        purses: &Mutex<Purses>,
    ) -> anyhow::Result<()> {
        for _ in 0..REQUESTS_IN_A_ROW_MAX {
            let taps = post.memory.unsent();
            // Where more than one waits, the rider has gone on already.
            let asks = post.waiting.take().filter(|_| taps == 1);
            let held = post.memory.held();
            air.tally.taps_sent(taps.min(BATCH_TAPS_MAX));
            let spoken = self.speak(post, air, asks.is_some()).await?;
            air.tally.taps_acknowledged(held - post.memory.held());
            match spoken {
                Spoken::Stored(reply) => {
                    if let Some(card) = asks {
                        air.tally.quote_asked();
                        show(post, card, &reply, air, purses);
                    }
                    let is_more = reply.deny.as_ref().is_some_and(|delta| delta.more);
                    if post.memory.unsent() == 0 && reply.resend.is_empty() && !is_more {
                        post.replace_flash(air.clock.now());
                        return Ok(());
                    }
                }
                Spoken::ClockSet(_) => post.waiting = asks,
                Spoken::Refused(status, words) => bail!("status {status}: {words}"),
            }
        }
        Ok(())
    }

    async fn speak(&mut self, post: &mut Post, air: &Air, quote: bool) -> anyhow::Result<Spoken> {
        let now = air.clock.now();
        let (clock_s, wall) = (post.clock_s(now), post.wall(now));
        let moment = Moment { up_ms: post.up_ms(now), wall: &wall, rtt_ms: self.rtt_ms };
        if post.fault == TerminalFault::Twice {
            // As if the first answer had been lost on the way.
            let mut unanswered = post.memory.clone();
            self.client.speak(&mut unanswered, clock_s, &moment, BATCH_TAPS_MAX, quote).await?;
        }
        let spoken = self.client.speak(&mut post.memory, clock_s, &moment, BATCH_TAPS_MAX, quote).await?;
        self.rtt_ms = (air.clock.now().since_s(now) * 1_000.0) as i64;
        Ok(spoken)
    }
}

/// Shows the rider the fare that came; who sees too little money wants to pay in.
fn show(post: &mut Post, card: u32, reply: &Reply, air: &Air, purses: &Mutex<Purses>) {
    let Some(quote) = reply.quote else { return };
    air.tally.quote_answered();
    post.show(card, quote.fare, quote.balance);
    let mut purses = purses.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(wish) = purses.shown(card, Satang(quote.balance), air.clock.now()) {
        // With nobody to take it the rider has bad luck and sees so next time.
        let _ = air.top_ups.try_send(wish);
    }
}
