// What is a frame: the required keys of the Rust types. Anything else is ignored and changes nothing.

import type { Row, ToPanel } from "../frames";

type Unknown = { [key: string]: unknown };

/** The keys a kind must have, by type. */
const REQUIRED: { [kind: string]: { [key: string]: string } } = {
  snap: { ep: "number", seq: "number", now: "number", ttl: "number", stop: "object" },
  d: { seq: "number" },
  hb: { now: "number", seq: "number" },
  cmd: { id: "string", op: "string", exp: "number" },
  bye: { in: "object" },
};
const ROW = { id: "string", r: "string", h: "number", a: "number" };

/** The frame, without rows that are none; `null` when it is no frame. */
export function checked(value: unknown): ToPanel | null {
  const frame = value as Unknown;
  if (!has(frame, REQUIRED[String(frame && frame.k)])) return null;
  if (frame.k === "snap" && !has(frame.stop as Unknown, { id: "string", name: "object" })) return null;
  if (frame.k === "bye" && !(frame.in as unknown[]).every((ms) => typeof ms === "number")) return null;
  for (const key of ["rows", "up"]) {
    if (Array.isArray(frame[key])) frame[key] = (frame[key] as Row[]).filter((row) => has(row as unknown as Unknown, ROW));
  }
  return frame as unknown as ToPanel;
}

function has(value: Unknown | null, keys: { [key: string]: string } | undefined): boolean {
  if (!value || !keys) return false;
  return Object.keys(keys).every((key) => typeof value[key] === keys[key] && value[key] !== null);
}
