// What a row says about its time: the rules of stop-display/src/board/countdown.rs, bound by the golden files.

import type { Offsets, Row, Rung } from "../frames";
import { hhmm, localDay } from "./local";
import { fill, type Words } from "./words";

const ARRIVING_S = 30;
const DELAYED_S = 60;
const MINUTES_MAX_S = 3600;
const FERRY_MINUTES_S = 600;
const GONE_KEPT_S = 120;
const UNCONFIRMED_KEPT_S = 600;
const CANCELLED_KEPT_S = 300;
const DELAYED_KEPT_S = 900;

export type Mark = "live" | "held" | "sch" | "unc" | "cxl" | "gone";

/** The time of a row in words; empty parts are not drawn. */
export interface Countdown {
  struck: string;
  lead: string;
  unit: string;
  sub: string;
  note: string;
  mark: Mark;
}

/** What a countdown depends on beside its row. */
export interface Around {
  now: number;
  rung: Rung;
  ferry: boolean;
  pier: boolean;
  tz: Offsets;
  w: Words;
}

/** The time of a row, or `null` when the row must not be shown (any more). */
export function countdown(row: Row, around: Around): Countdown | null {
  const { now, w } = around;
  if (row.st === "cxl") return offService(row, around, w.cancelled);
  if (row.st === "skip") return offService(row, around, w.skipped);
  if (row.st === "gone") return gone(row, around);
  if (isTracked(row)) return now - row.e! <= DELAYED_KEPT_S ? tracked(row, row.e!, around) : null;
  if (row.src === "unc") {
    return now < row.a + UNCONFIRMED_KEPT_S ? clock(row.a, w.unconfirmed, "unc", around) : null;
  }
  // Shown until its own minute is over: the clock above it still reads the same.
  return Math.floor(now / 60) <= Math.floor(row.a / 60) ? clock(row.a, w.scheduled, "sch", around) : null;
}

/** A vehicle stands behind the row's time. */
export function isTracked(row: Row): boolean {
  return (row.src === "live" || row.src === "held") && row.e !== undefined;
}

function tracked(row: Row, e: number, around: Around): Countdown {
  const { w } = around;
  const live = row.src === "live" && around.rung === "LIVE";
  const base = plain(live ? w.live : w.about, live ? "live" : "held");
  const s = e - around.now;
  const word = stateWord(row, s, around);
  if (word) return { ...base, lead: word };
  if (s > MINUTES_MAX_S) return clock(e, base.note, base.mark, around);
  const minutes = String(Math.max(1, Math.floor(s / 60)));
  if (!around.ferry) return { ...base, lead: minutes, unit: w.min };
  const sub = s < FERRY_MINUTES_S ? minutes + " " + w.min : "";
  return { ...clock(e, base.note, base.mark, around), sub };
}

function stateWord(row: Row, s: number, around: Around): string {
  const { w } = around;
  const arriving = around.pier ? w.berthing : w.arriving;
  if (row.st === "at") return w.boarding;
  if (row.st === "stand") {
    if (row.gap === undefined) return "";
    return row.gap === 1 ? w.stand_1 : fill(w.stand, "n", row.gap);
  }
  if (row.st === "arr") return arriving;
  if (s < -DELAYED_S) return w.delayed;
  return s < ARRIVING_S ? arriving : "";
}

function offService(row: Row, around: Around, why: string): Countdown | null {
  if (around.now > row.a + CANCELLED_KEPT_S) return null;
  return { ...plain("", "cxl"), struck: hhmm(around.tz, row.a), lead: why };
}

function gone(row: Row, around: Around): Countdown | null {
  const ago = around.now - (row.e === undefined ? row.a : row.e);
  if (ago > GONE_KEPT_S) return null;
  const lead = ago < 60 ? around.w.left_now : fill(around.w.left, "n", Math.floor(ago / 60));
  return { ...plain("", "gone"), lead };
}

function clock(t: number, note: string, mark: Mark, around: Around): Countdown {
  const later = localDay(around.tz, t) > localDay(around.tz, around.now);
  return { ...plain(note, mark), lead: hhmm(around.tz, t), sub: later ? around.w.tomorrow : "" };
}

function plain(note: string, mark: Mark): Countdown {
  return { struck: "", lead: "", unit: "", sub: "", note, mark };
}
