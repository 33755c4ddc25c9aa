// Local clock time and date from epoch seconds and a list of UTC offsets (stop-display/src/board/local.rs).

import type { Offsets } from "../frames";
import { fill, type Words } from "./words";

/** The offset when a snapshot names none: Thailand, UTC+7 the whole year. */
const OFFSET_DEFAULT_S = 7 * 3600;
const DAY_S = 86400;

/** Seconds east of UTC in force at `t`. */
export function offsetS(tz: Offsets, t: number): number {
  let offset = tz.length ? tz[0][1] : OFFSET_DEFAULT_S;
  for (const [from, s] of tz) if (from <= t) offset = s;
  return offset;
}

/** Seconds since local midnight at `t`. */
export function localS(tz: Offsets, t: number): number {
  const local = t + offsetS(tz, t);
  return local - Math.floor(local / DAY_S) * DAY_S;
}

/** `HH:MM` at `t`. */
export function hhmm(tz: Offsets, t: number): string {
  const minute = Math.floor(localS(tz, t) / 60);
  return two(Math.floor(minute / 60)) + ":" + two(minute % 60);
}

/** Days since 1970-01-01 in local time at `t`. */
export function localDay(tz: Offsets, t: number): number {
  return Math.floor((t + offsetS(tz, t)) / DAY_S);
}

/** The date at `t` as a rider reads it, in the Buddhist era in Thai. */
export function date(tz: Offsets, t: number, w: Words): string {
  const d = new Date(localDay(tz, t) * DAY_S * 1000);
  let text = fill(w.date, "w", w.days[d.getUTCDay()]);
  text = fill(text, "d", d.getUTCDate());
  text = fill(text, "m", w.months[d.getUTCMonth()]);
  return fill(text, "y", d.getUTCFullYear() + w.year_add);
}

function two(n: number): string {
  return (n < 10 ? "0" : "") + n;
}
