// What to show of a board for one second in one language, and its lines in reading order
// (stop-display/src/board/view.rs, bound by the golden files).

import { pick, type Row, type RouteInfo, type Rung } from "../frames";
import type { Board } from "./board";
import { countdown, isTracked, type Countdown } from "./countdown";
import { date, hhmm, localDay } from "./local";
import { tiles, type TileView } from "./tiles";
import { fill, words, type Words } from "./words";

/** Rows a panel shows on all its pages together. */
export const ROWS_MAX = 12;
const GONE_KEPT_S = 120;
const GONE_KEPT_FULL_S = 30;
const NEXT_FAR_S = 7200;

export interface AlertView {
  text: string;
  emergency: boolean;
}

export interface Extra {
  kind: "plat" | "occ" | "wc" | "ev" | "sim";
  text: string;
}

export interface RowView {
  id: string;
  route: RouteInfo;
  dest: string;
  time: Countdown;
  extras: Extra[];
}

/** Everything a renderer draws. */
export interface View {
  lang: string;
  rung: Rung;
  title: string;
  subtitle: string;
  /** The language of `subtitle`, for whoever reads the page aloud. */
  subtitleLang: string;
  clock: string;
  date: string;
  status: string;
  full: AlertView | null;
  over: AlertView[];
  headline: string;
  rows: RowView[];
  tiles: TileView[];
  bottom: AlertView[];
  notice: string;
}

/** What to show at `now` in `lang`, when the last frame came `ageS` ago (`null`: none since the start). */
export function view(board: Board, now: number, ageS: number | null, lang: string): View {
  const { snap } = board;
  const w = words(lang);
  const tz = snap.tz || [];
  const rung = board.rung(now, ageS);
  const title = pick(snap.stop.name, lang);
  const other = board.langs.filter((l) => l !== lang && pick(snap.stop.name, l) !== title)[0];
  const shown: View = {
    lang,
    rung,
    title,
    subtitle: other ? pick(snap.stop.name, other) : "",
    subtitleLang: other || lang,
    clock: hhmm(tz, now),
    date: date(tz, now, w),
    status: "",
    full: null,
    over: [],
    headline: "",
    rows: [],
    tiles: tiles(snap.tiles || [], now, tz, w),
    bottom: [],
    notice: pick(snap.notice, lang),
  };
  messages(board, now, shown);
  if (!shown.full) fillRows(board, now, w, shown);
  shown.status = status(shown, w);
  return shown;
}

/** The rung in words; "live times" is only said where a row has a vehicle behind it. */
function status(v: View, w: Words): string {
  if (v.rung === "HOLD") return w.rung_hold;
  if (v.rung === "TIMETABLE") return w.rung_timetable;
  if (v.rung === "OFFLINE") return w.rung_offline;
  return v.rows.some((row) => row.time.mark === "live" || row.time.mark === "held") ? w.rung_live : w.rung_connected;
}

/** The visible strings in reading order. */
export function lines(v: View, line: (row: RowView) => string = rowLine): string[] {
  const texts = (alerts: AlertView[]) => alerts.map((a) => a.text);
  return [v.title, v.subtitle, v.clock, v.date, v.status]
    .concat(texts(v.full ? [v.full] : []), texts(v.over), v.headline, v.rows.map((row) => line(row)))
    .concat(v.tiles.map((t) => join([t.main, t.sub])), texts(v.bottom), v.notice)
    .filter((line) => line !== "");
}

/** A row as one line: route, destination, time, source, marks. */
export function rowLine(row: RowView): string {
  const t = row.time;
  return join([row.route.name, row.dest, t.struck, t.lead, t.unit, t.sub, t.note].concat(row.extras.map((x) => x.text)));
}

function join(parts: string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/** Sorts the takeover and the alerts in force into their places, emergencies and high priority first. */
function messages(board: Board, now: number, v: View): void {
  const alerts = (board.snap.alerts || []).filter((a) => a.until === undefined || now < a.until);
  const urgent = (level?: string) => (level === "emergency" ? 0 : 1);
  alerts.sort((a, b) => urgent(a.level) - urgent(b.level) || (b.pri || 0) - (a.pri || 0) || order(a.id, b.id));
  const takeover = board.takeoverAt(now);
  for (const alert of takeover ? [takeover, ...alerts] : alerts) {
    const shown = { text: pick(alert.text, v.lang), emergency: alert.level === "emergency" };
    if (alert.fill === "full" && !v.full) v.full = shown;
    else if (alert.fill === "full" || alert.fill === "overline") v.over.push(shown);
    else v.bottom.push(shown);
  }
}

/** The rows of the rung, and the headline when there are none or they are far away. */
function fillRows(board: Board, now: number, w: Words, v: View): void {
  if (v.rung === "LIVE" || v.rung === "HOLD") {
    v.rows = trackedRows(board, now, v);
    if (v.rows.length) return;
  }
  const calls = timetableRows(board, now);
  if (calls.length) v.headline = headline(board, now, calls[0].a, w);
  else if (v.rung !== "OFFLINE") v.headline = w.none_now;
  else v.headline = join([w.offline, board.cfg.tel ? fill(w.ask, "n", board.cfg.tel) : ""]);
  v.rows = rowViews(board, calls, now, v);
}

function headline(board: Board, now: number, next: number, w: Words): string {
  const tz = board.snap.tz || [];
  if (localDay(tz, next) > localDay(tz, now)) return fill(w.ended, "t", hhmm(tz, next));
  return next - now > NEXT_FAR_S ? fill(w.next, "t", hhmm(tz, next)) : "";
}

/**
 * The rows of the board in order: boarding and arriving, coming by the time shown, those that should
 * have come but were never seen, then those that left.
 */
function trackedRows(board: Board, now: number, v: View): RowView[] {
  const rows = (board.snap.rows || []).slice();
  rows.sort((a, b) => rank(a, now) - rank(b, now) || shownT(a) - shownT(b) || order(a.id, b.id));
  const keptS = rows.length > ROWS_MAX ? GONE_KEPT_FULL_S : GONE_KEPT_S;
  return rowViews(board, rows.filter((row) => row.st !== "gone" || now - shownT(row) <= keptS), now, v);
}

function rank(row: Row, now: number): number {
  if (row.st === "at") return 0;
  if (row.st === "arr") return 1;
  if (row.st === "gone") return 4;
  return row.src === "unc" && row.a < now ? 3 : 2;
}

function shownT(row: Row): number {
  const off = row.st === "cxl" || row.st === "skip";
  return row.e !== undefined && (row.st === "gone" || (isTracked(row) && !off)) ? row.e : row.a;
}

/** Rust orders texts by their UTF-8 bytes; ids are ASCII, where both agree. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The timetable from now on as rows; what was cancelled before the link died stays cancelled. */
function timetableRows(board: Board, now: number): Row[] {
  const off = (board.snap.rows || []).filter((row) => row.st === "cxl" || row.st === "skip");
  const rows = board.callsFrom(now).slice(0, 2 * ROWS_MAX).map(([a, r, h]): Row => {
    const same = off.filter((row) => row.a === a && row.r === r && row.h === h)[0];
    return { id: `s:${a}:${r}:${h}`, r, h, a, src: "sch", st: same ? same.st : "ok" };
  });
  return rows.sort((a, b) => a.a - b.a || order(a.id, b.id));
}

function rowViews(board: Board, rows: Row[], now: number, v: View): RowView[] {
  const shown: RowView[] = [];
  for (const row of rows) {
    const one = rowView(board, row, now, v);
    if (one) shown.push(one);
    if (shown.length === ROWS_MAX) break;
  }
  return shown;
}

function rowView(board: Board, row: Row, now: number, v: View): RowView | null {
  const { snap } = board;
  const w = words(v.lang);
  const route = (snap.routes || {})[row.r] || { name: row.r };
  const pier = snap.stop.kind === "pier";
  const time = countdown(row, { now, rung: v.rung, ferry: route.mode === "ferry", pier, tz: snap.tz || [], w });
  if (!time) return null;
  const dest = pick((snap.heads || {})[String(row.h)], v.lang);
  return { id: row.id, route, dest, time, extras: extras(row, pier, time, !!snap.notice, w) };
}

/** The marks of a row; a vehicle's own (charge, occupancy) only while it is coming. */
function extras(row: Row, pier: boolean, time: Countdown, noticed: boolean, w: Words): Extra[] {
  const list: Extra[] = [];
  if (time.mark === "cxl" || time.mark === "gone") return list;
  if (row.plat) list.push({ kind: "plat", text: fill(pier ? w.berth : w.platform, "n", row.plat) });
  const occ = occupancy(row.occ, w);
  if (occ && (time.mark === "live" || time.mark === "held")) list.push({ kind: "occ", text: occ });
  if (row.wc === 1) list.push({ kind: "wc", text: "" });
  if (row.ev === 1) list.push({ kind: "ev", text: row.soc === undefined ? "" : row.soc + "%" });
  if (row.sim === 1 && !noticed) list.push({ kind: "sim", text: w.simulated });
  return list;
}

/** GTFS-realtime OccupancyStatus in four words; NO_DATA_AVAILABLE and the like say nothing. */
function occupancy(status: string | undefined, w: Words): string {
  switch (status) {
    case "EMPTY":
    case "MANY_SEATS":
    case "MANY_SEATS_AVAILABLE":
      return w.occ_many;
    case "FEW_SEATS":
    case "FEW_SEATS_AVAILABLE":
      return w.occ_few;
    case "STANDING_ROOM_ONLY":
    case "CRUSHED_STANDING_ROOM_ONLY":
      return w.occ_standing;
    case "FULL":
    case "NOT_ACCEPTING_PASSENGERS":
      return w.occ_full;
    default:
      return "";
  }
}
