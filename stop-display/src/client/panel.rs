//! What this display knows and says: the board, its clock, the page in turn.

use super::args::Args;
use super::cache::{self, Kept};
use super::clock::{Clock, box_now_s};
use super::screen::Terminal;
use std::path::PathBuf;
use std::time::Duration;
use stop_display::board::{Applied, Board, View, pages, proof, view};
use stop_display::frame::{
    Ack, Cap, Cfg, Cmd, FromPanel, Hello, Op, PANEL_HB_S, PROTOCOL_V, PanelHb, Resume, Snap, StopInfo, Text,
    ToPanel,
};
use tokio::time::Instant;

/// One page stands this long.
const PAGE: Duration = Duration::from_secs(8);
/// The board is kept on disk this often.
const SAVE: Duration = Duration::from_secs(60);

/// The state of the client beside its link.
pub(crate) struct Panel {
    name: String,
    enrolled: bool,
    langs: Vec<String>,
    cache: Option<PathBuf>,
    board: Option<Board>,
    clock: Clock,
    started: Instant,
    framed: Option<Instant>,
    saved: Option<Instant>,
    beaten: Instant,
    page: u32,
    cold: bool,
    trouble: Option<String>,
}

/// What taking a frame asks of the link.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// To be sent back.
    pub(crate) answer: Option<FromPanel>,
    /// Frames were lost: connect again.
    pub(crate) lost: bool,
}

impl Panel {
    pub(crate) fn new(args: &Args) -> Self {
        let kept = args.cache.as_deref().and_then(cache::load);
        let kept = kept.filter(|kept| args.stop.as_ref().is_none_or(|stop| *stop == kept.snap.stop.id));
        let offset_s = kept.as_ref().map_or(0.0, |kept| kept.offset_s);
        let now = Instant::now();
        Self {
            name: args.name().to_owned(),
            enrolled: args.panel.is_some(),
            langs: args.lang.clone(),
            cache: args.cache.clone(),
            board: kept.map(|kept| Board::new(kept.snap)),
            clock: Clock::new(offset_s),
            started: now,
            framed: None,
            saved: None,
            beaten: now,
            page: 0,
            cold: true,
            trouble: None,
        }
    }

    /// The first frame of a connection. After a cold start only the timetable is resumed: the kept rows
    /// may be hours old.
    pub(crate) fn hello(&self) -> FromPanel {
        let resume = self.board.as_ref().map(|board| Resume {
            ep: if self.cold { 0 } else { board.snap.ep },
            seq: if self.cold { 0 } else { board.snap.seq },
            sv: board.snap.sv.clone(),
        });
        let (w, h) = super::screen::size();
        FromPanel::Hello(Hello {
            v: PROTOCOL_V,
            panel: self.enrolled.then(|| self.name.clone()),
            stop: (!self.enrolled).then(|| self.name.clone()),
            app: env!("CARGO_PKG_VERSION").into(),
            langs: self.langs.clone(),
            cap: Some(Cap { w: w.into(), h: h.into(), kind: "term".into(), ..Cap::default() }),
            resume,
            ..Hello::default()
        })
    }

    /// Takes a frame in.
    pub(crate) fn take(&mut self, frame: ToPanel) -> Taken {
        self.framed = Some(Instant::now());
        self.trouble = None;
        let (mono_s, box_s) = (self.mono_s(), box_now_s());
        match &frame {
            ToPanel::Snap(snap) => {
                self.clock.sample(snap.now, Some(snap.rate.unwrap_or(1.0)), mono_s, box_s);
                self.cold = false;
            }
            ToPanel::Hb(hb) => self.clock.sample(hb.now, None, mono_s, box_s),
            _ => {}
        }
        match (&mut self.board, frame) {
            (_, ToPanel::Cmd(cmd)) => Taken { answer: Some(self.command(&cmd)), lost: false },
            (Some(board), frame) => {
                let lost = board.apply(frame) == Applied::Lost;
                Taken { answer: None, lost }
            }
            (none, ToPanel::Snap(snap)) => {
                *none = Some(Board::new(*snap));
                Taken::default()
            }
            _ => Taken::default(),
        }
    }

    /// Carries a command out; the answer says how it went.
    fn command(&mut self, cmd: &Cmd) -> FromPanel {
        let now = self.now();
        let done = match (&mut self.board, cmd.op) {
            (None, _) => Err("no board yet".into()),
            (Some(_), Op::Snapshot | Op::Selftest) if now < cmd.exp => Ok(()),
            (Some(board), _) => board.command(cmd, now),
        };
        let lines = if cmd.op == Op::Snapshot && done.is_ok() { self.lines() } else { Vec::new() };
        FromPanel::Ack(Ack { id: cmd.id.clone(), ok: done.is_ok(), err: done.err(), lines, ..Ack::default() })
    }

    /// The link closed: remembered for whoever stands before the screen.
    pub(crate) fn say(&mut self, why: String) {
        self.trouble = Some(why);
    }

    pub(crate) fn last_words(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    pub(crate) fn has_board(&self) -> bool {
        self.board.is_some()
    }

    /// Width of the reconnect window, milliseconds.
    pub(crate) fn window_ms(&self) -> u32 {
        self.board.as_ref().map_or_else(Cfg::default, |board| board.snap.cfg.clone()).window_ms
    }

    /// The heartbeat, when it is time for one.
    pub(crate) fn heartbeat_due(&mut self) -> Option<FromPanel> {
        if self.beaten.elapsed() < Duration::from_secs(PANEL_HB_S) {
            return None;
        }
        self.beaten = Instant::now();
        let board = self.board.as_ref()?;
        let at = self.now();
        Some(FromPanel::Hb(PanelHb {
            seq: board.snap.seq,
            at,
            rh: proof(&self.lines()),
            page: self.page + 1,
            rung: board.rung(at, self.age_s()),
            up: Some(self.started.elapsed().as_secs()),
            fps: Some(1),
            ..PanelHb::default()
        }))
    }

    /// The lines of all pages in reading order.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Some(board) = &self.board else { return Vec::new() };
        let langs = self.langs(board);
        langs.iter().flat_map(|lang| view(board, self.now(), self.age_s(), lang).lines()).collect()
    }

    /// Draws the page in turn; without any board the bare name.
    pub(crate) fn draw(&mut self, terminal: &mut Terminal) -> std::io::Result<()> {
        let unknown;
        let board = match &self.board {
            Some(board) => board,
            None => {
                unknown = nothing_known(&self.name);
                &unknown
            }
        };
        let (now, langs) = (self.now(), self.langs(board));
        let first = view(board, now, self.age_s(), &langs[0]);
        let all = pages(first.rows.len(), terminal.rows_per_page(&first), langs);
        let turn = self.started.elapsed().as_secs() / PAGE.as_secs();
        let at = usize::try_from(turn).unwrap_or(0) % all.len();
        self.page = u32::try_from(at).unwrap_or(0);
        let page = &all[at];
        let shown: View = view(board, now, self.age_s(), &page.lang);
        terminal.draw(&shown, page.rows.clone(), (at + 1, all.len()), self.trouble.as_deref())?;
        self.save_sometimes();
        Ok(())
    }

    fn save_sometimes(&mut self) {
        let due = self.saved.is_none_or(|saved| saved.elapsed() > SAVE);
        if due && self.framed.is_some() && self.board.is_some() {
            self.save();
        }
    }

    /// Keeps the board; a disk that refuses only costs the next cold start.
    pub(crate) fn save(&mut self) {
        self.saved = Some(Instant::now());
        if let (Some(file), Some(board)) = (&self.cache, &self.board) {
            let kept = Kept { snap: board.snap.clone(), offset_s: self.clock.box_offset_s };
            if let Err(error) = cache::save(file, &kept) {
                self.trouble = Some(format!("{}: {error}", file.display()));
            }
        }
    }

    fn langs<'a>(&'a self, board: &'a Board) -> &'a [String] {
        if self.langs.is_empty() { &board.snap.cfg.langs } else { &self.langs }
    }

    fn now(&self) -> i64 {
        self.clock.now_s(self.mono_s(), box_now_s()).floor() as i64
    }

    fn age_s(&self) -> Option<u64> {
        self.framed.map(|framed| framed.elapsed().as_secs())
    }

    fn mono_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

/// A board to draw when neither the server nor the cache gave one: never blank.
fn nothing_known(name: &str) -> Board {
    let stop = StopInfo { id: name.into(), name: Text::th_en("", name), ..StopInfo::default() };
    Board::new(Snap { stop, ..Snap::default() })
}
