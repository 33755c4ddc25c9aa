// The panel: frames in, pages out, once a second. It owns the board, the clock and the link.

import { Screen } from "./draw/screen";
import { theme } from "./draw/theme";
import type { Cmd, Snap, ToPanel } from "./frames";
import { Backoff } from "./link/backoff";
import { Cache } from "./link/cache";
import { Clock } from "./link/clock";
import { Link } from "./link/link";
import { poll } from "./link/poll";
import { Board } from "./model/board";
import { localS } from "./model/local";
import { pages } from "./model/pages";
import { proof } from "./model/proof";
import { lines, view, type View } from "./model/view";
import { words } from "./model/words";
import type { Settings } from "./settings";

const APP = "0.1.0";
/** One page stands this long, seconds. */
const PAGE_S = 8;
const HB_S = 30;
const SAVE_S = 30;
/** Without any board for this long the page says so, seconds. */
const BOOT_S = 4;
const WEEK_S = 7 * 86400;
const RELOAD_AT_S = 3 * 3600;
/** The code for phones is made once the first board stands, milliseconds. */
const CODE_AFTER_MS = 1500;
/** The picture moves by a pixel or two each minute, against burn-in. */
const SHIFT = [[0, 0], [1, 0], [2, 1], [1, 2], [0, 2], [-1, 1], [-2, 0], [-1, -1]];

const mono = () => performance.now() / 1000;
const box = () => Date.now() / 1000;

export class Panel {
  private board: Board | null = null;
  private screen: Screen | null = null;
  private readonly clock: Clock;
  private readonly cache: Cache;
  private readonly link: Link;
  private readonly startedAt = mono();
  private frameAt: [number, number] | null = null;
  private saveAt = 0;
  private hbAt = 0;
  private page = 0;
  private errors = 0;
  private stopDrawn = "";
  private cold = true;

  constructor(private settings: Settings) {
    this.cache = new Cache(settings.panel || settings.stop);
    const kept = this.cache.load();
    if (kept) this.board = new Board(kept.snap);
    this.clock = new Clock(mono, kept ? kept.offsetS : 0, box);
    const frame = (f: ToPanel) => this.receive(f);
    const hello = () => this.hello();
    this.link = new Link(settings.socketUrl, new Backoff(settings.id), { hello, frame, state: () => this.tick() });
  }

  start(): void {
    this.tick();
    this.link.open();
    setInterval(() => this.tick(), 1000);
    poll(this.settings.id, () => this.pollUrl(), (snap) => this.receive(snap));
    window.addEventListener("resize", () => this.tick());
    window.addEventListener("online", () => this.link.hurry());
    window.addEventListener("error", () => this.errors++);
    document.addEventListener("visibilitychange", () => document.hidden || this.link.hurry());
  }

  private hello(): object {
    const { panel, token, stop } = this.settings;
    const who = panel ? { panel, token } : { stop };
    const snap = this.board && this.board.snap;
    // After a cold start only the timetable is resumed: the kept rows may be hours old.
    const resume = snap && { ep: this.cold ? 0 : snap.ep, seq: this.cold ? 0 : snap.seq, sv: snap.sv || "" };
    const cap = { w: window.innerWidth, h: window.innerHeight, kind: "lcd", audio: false, lux: false };
    return { k: "hello", v: 1, ...who, app: APP, langs: ["th", "en"], cap, ...(resume ? { resume } : {}) };
  }

  /** The board over plain HTTP, while there is no open WebSocket. */
  private pollUrl(): string | null {
    const stop = this.board && !this.cold ? this.board.snap.stop.id : this.settings.stop;
    const sv = (this.board && this.board.snap.sched && this.board.snap.sv) || "none";
    return this.link.isOpen ? null : `/v1/stops/${encodeURIComponent(stop)}/departures?sv=${encodeURIComponent(sv)}`;
  }

  private receive(frame: ToPanel): void {
    this.frameAt = [mono(), box()];
    if (frame.k === "snap") this.clock.sample(frame.now, frame.rate || 1);
    else if (frame.k === "hb") this.clock.sample(frame.now);
    if (frame.k === "cmd") return this.command(frame);
    if (frame.k === "snap" && !this.board) this.board = new Board(frame);
    else if (this.board && this.board.apply(frame) === "lost") return this.link.restart();
    if (frame.k === "snap") {
      this.cold = false;
      this.link.windowMs = this.board!.cfg.window_ms || this.link.windowMs;
      this.save();
    }
    this.tick();
  }

  private command(cmd: Cmd): void {
    const began = mono();
    const ack = (ok: boolean, more: object) =>
      this.link.send({ k: "ack", id: cmd.id, ok, ms: Math.round((mono() - began) * 1000), ...more });
    const now = this.now();
    if (cmd.exp <= now || !this.board) return ack(false, { err: "expired" });
    if (cmd.op === "reload" || cmd.op === "restart") {
      ack(true, {});
      setTimeout(() => location.reload(), 200);
    } else if (cmd.op === "snapshot" || cmd.op === "selftest") {
      ack(true, { lines: this.allLines(now) });
    } else if (cmd.op === "identify") {
      document.body.setAttribute("data-identify", this.settings.panel || this.settings.stop);
      setTimeout(() => document.body.removeAttribute("data-identify"), 10000);
      ack(true, {});
    } else {
      const err = this.board.command(cmd, now);
      this.tick();
      ack(err === "", err ? { err } : {});
    }
  }

  private now(): number {
    return Math.floor(this.clock.now());
  }

  /** Age of the last frame in real seconds; a box that slept counts its sleep. */
  private ageS(): number | null {
    if (!this.frameAt) return null;
    return Math.floor(Math.max(mono() - this.frameAt[0], Math.min(box() - this.frameAt[1], WEEK_S)));
  }

  private tick(): void {
    if (!this.board && mono() - this.startedAt > BOOT_S) this.board = new Board(nothingKnown(this.settings.stop));
    if (!this.board) return;
    try {
      this.draw(this.board);
    } catch (error) {
      this.errors++;
      console.error(error);
    }
    this.chores(this.board);
  }

  private draw(board: Board): void {
    const screen = this.screen || (this.screen = new Screen(document.body));
    const now = this.now();
    const langs = this.settings.langs || board.langs;
    this.drawStop(screen, board);
    const perPage = screen.rowsPerPage(board.cfg.rows || 0);
    let shown = view(board, now, this.ageS(), langs[0]);
    const all = pages(shown.rows.length, perPage, langs);
    this.page = Math.floor((mono() - this.startedAt) / PAGE_S) % all.length;
    const page = all[this.page];
    if (page.lang !== langs[0]) shown = view(board, now, this.ageS(), page.lang);
    screen.drawScan(words(page.lang).scan);
    screen.draw(shown, page, this.page, all.length, perPage);
    this.dress(board, now);
  }

  private drawStop(screen: Screen, board: Board): void {
    const { stop } = board.snap;
    if (this.stopDrawn === stop.id + stop.kind) return;
    this.stopDrawn = stop.id + stop.kind;
    const url = location.origin + "/s/" + encodeURIComponent(stop.id);
    screen.drawStop(stop);
    setTimeout(() => screen.drawCode(url), CODE_AFTER_MS);
  }

  /** Theme, shift against burn-in, and the dark hours. */
  private dress(board: Board, now: number): void {
    const { stop, tz } = board.snap;
    const root = document.documentElement;
    root.setAttribute("data-theme", theme(this.settings.theme || board.cfg.theme, now, stop.lat, stop.lon));
    const [x, y] = SHIFT[Math.floor(mono() / 60) % SHIFT.length];
    document.body.style.transform = x || y ? `translate(${x}px,${y}px)` : "";
    root.setAttribute("data-asleep", String(asleep(board.cfg.hours, localS(tz || [], now))));
  }

  private chores(board: Board): void {
    const at = mono();
    if (at - this.hbAt >= HB_S) {
      this.hbAt = at;
      this.heartbeat(board);
    }
    if (at - this.saveAt >= SAVE_S && this.frameAt) this.save();
    const night = localS(board.snap.tz || [], this.now());
    if (at - this.startedAt > WEEK_S && night >= RELOAD_AT_S && night < RELOAD_AT_S + 60) location.reload();
  }

  private heartbeat(board: Board): void {
    const now = this.now();
    const memory = (performance as { memory?: { usedJSHeapSize: number } }).memory;
    this.link.send({
      k: "hb",
      seq: board.snap.seq,
      at: now,
      rh: proof(this.allLines(now)),
      page: this.page + 1,
      rung: board.rung(now, this.ageS()),
      up: Math.round(mono() - this.startedAt),
      ...(memory ? { mem: Math.round(memory.usedJSHeapSize / 1048576) } : {}),
      fps: 1,
      err: this.errors,
    });
  }

  /** The visible strings of all pages; those of the page shown are read back from the screen. */
  private allLines(now: number): string[] {
    const board = this.board!;
    let all: string[] = [];
    for (const lang of this.settings.langs || board.langs) {
      const shown: View = view(board, now, this.ageS(), lang);
      const drawn = lang === document.documentElement.lang ? this.screen : null;
      all = all.concat(lines(shown, drawn ? (row) => drawn.line(row) : undefined));
    }
    return all;
  }

  private save(): void {
    this.saveAt = mono();
    if (this.board) this.cache.save(this.board.snap, this.clock.offsetS);
  }
}

/** A board to draw when neither the server nor the cache gave one: never blank. */
function nothingKnown(stop: string): Snap {
  return { k: "snap", ep: 0, seq: 0, now: 0, ttl: 90, stop: { id: stop, name: { en: stop }, lat: 13.69, lon: 101.07 } };
}

/** Outside the panel's hours, local `HH:MM`; a range may pass midnight. */
function asleep(hours: [string, string] | undefined, s: number): boolean {
  if (!hours) return false;
  const [from, to] = hours.map((t) => Number(t.slice(0, 2)) * 3600 + Number(t.slice(3)) * 60);
  if (from === to) return false;
  return from < to ? s < from || s >= to : s >= to && s < from;
}
