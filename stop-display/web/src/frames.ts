// The frames of GET /v1/panel as the page uses them; the Rust types in stop-display/src/frame are the law.

export type Text = { [lang: string]: string };
export type Rung = "LIVE" | "HOLD" | "TIMETABLE" | "OFFLINE";

export interface Row {
  id: string;
  r: string;
  h: number;
  a: number;
  e?: number;
  src?: string;
  st?: string;
  gap?: number;
  occ?: string;
  wc?: number;
  ev?: number;
  soc?: number;
  plat?: string;
  sim?: number;
}

export interface RouteInfo {
  name: string;
  color?: string;
  text?: string;
  mode?: string;
}

export interface Alert {
  id: string;
  pri?: number;
  level?: string;
  fill?: string;
  until?: number;
  text: Text;
}

export interface Tile {
  id: string;
  until: number;
  data?: { [key: string]: unknown };
}

export interface Cfg {
  langs?: string[];
  theme?: string;
  hours?: [string, string];
  rows?: number;
  window_ms?: number;
  tel?: string;
}

export interface StopInfo {
  id: string;
  name: Text;
  kind?: string;
  lat: number;
  lon: number;
}

export type SchedCall = [number, string, number];
export type Offsets = [number, number][];

export interface Snap {
  k: "snap";
  ep: number;
  seq: number;
  now: number;
  ttl: number;
  stop: StopInfo;
  rows?: Row[];
  sv?: string;
  sched?: SchedCall[];
  heads?: { [key: string]: Text };
  routes?: { [key: string]: RouteInfo };
  alerts?: Alert[];
  tiles?: Tile[];
  cfg?: Cfg;
  notice?: Text;
  tz?: Offsets;
  rate?: number;
}

export interface Delta {
  k: "d";
  seq: number;
  up?: Row[];
  rm?: string[];
  alerts?: Alert[];
  tiles?: Tile[];
  heads?: { [key: string]: Text };
  routes?: { [key: string]: RouteInfo };
}

export interface Hb {
  k: "hb";
  now: number;
  seq: number;
  eta?: { ok: boolean };
}

export interface Cmd {
  k: "cmd";
  id: string;
  op: string;
  exp: number;
  arg?: { [key: string]: unknown };
}

export interface Bye {
  k: "bye";
  in: [number, number];
}

export type ToPanel = Snap | Delta | Hb | Cmd | Bye;

export interface Takeover {
  level?: string;
  fill?: string;
  text: Text;
}

/** The text for `lang`, else English, else Thai, else any; empty when there is none. */
export function pick(text: Text | undefined, lang: string): string {
  if (!text) return "";
  const known = [lang, "en", "th"].concat(Object.keys(text).sort()).filter((l) => text[l] !== undefined);
  return known.length ? text[known[0]] : "";
}
