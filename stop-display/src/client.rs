//! The panel client: a link, a board, a clock, a cache and a screen, in one loop.

mod args;
mod backoff;
mod cache;
mod clock;
mod link;
mod panel;
mod screen;
mod width;

pub(crate) use args::Args;

use anyhow::{Context, bail};
use link::{Link, LinkEvent};
use panel::Panel;
use screen::Terminal;
use std::time::Duration;
use stop_display::frame::ToPanel;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// `--once` waits this long for a board before it falls back to the kept one.
const ONCE_WAIT: Duration = Duration::from_secs(10);

/// Runs until SIGINT or SIGTERM, or prints one board with `--once`.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    args.check()?;
    let mut panel = Panel::new(&args);
    let mut link = Link::new(&args)?;
    if args.once { once(&mut panel, &mut link).await } else { for_ever(&args, &mut panel, &mut link).await }
}

/// Prints the lines of the first board that comes, else of the kept one.
async fn once(panel: &mut Panel, link: &mut Link) -> anyhow::Result<()> {
    let first = async {
        loop {
            match link.next(panel.window_ms()).await {
                LinkEvent::Opened => link.send(&panel.hello()).await,
                LinkEvent::Frame(frame) => {
                    let is_board = matches!(*frame, ToPanel::Snap(_));
                    _ = panel.take(*frame);
                    if is_board {
                        return;
                    }
                }
                LinkEvent::Closed(why) => panel.say(why),
            }
        }
    };
    let came = timeout(ONCE_WAIT, first).await.is_ok();
    if !panel.has_board() {
        bail!("no board: {}", panel.last_words().unwrap_or("the server did not answer"));
    }
    panel.save();
    screen::print_lines(&panel.lines()).context("write the board")?;
    if !came {
        bail!("the server did not answer; this is the kept timetable");
    }
    Ok(())
}

async fn for_ever(args: &Args, panel: &mut Panel, link: &mut Link) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut terminal = Terminal::open(args.plain()).context("take over the terminal")?;
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = second.tick() => {
                if let Some(heartbeat) = panel.heartbeat_due() {
                    link.send(&heartbeat).await;
                }
            }
            event = link.next(panel.window_ms()) => heard(event, panel, link).await,
        }
        panel.draw(&mut terminal).context("draw the board")?;
    }
    panel.save();
    Ok(())
}

async fn heard(event: LinkEvent, panel: &mut Panel, link: &mut Link) {
    match event {
        LinkEvent::Opened => link.send(&panel.hello()).await,
        LinkEvent::Closed(why) => panel.say(why),
        LinkEvent::Frame(frame) => {
            let taken = panel.take(*frame);
            if let Some(answer) = taken.answer {
                link.send(&answer).await;
            }
            if taken.lost {
                link.restart();
            }
        }
    }
}
