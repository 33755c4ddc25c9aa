// The state of a board, built by applying frames (stop-display/src/board/state.rs, rung.rs).

import type { Cfg, Cmd, Delta, Rung, SchedCall, Snap, Takeover, ToPanel } from "../frames";

const BEHIND_MAX = 2;
const LIVE_S = 30;
const HOLD_S = 90;

export type Applied = "changed" | "same" | "lost";

/** The newest known state of a stop's board. */
export class Board {
  etaOk = true;
  private takeover: { what: Takeover; exp: number } | null = null;
  private behind = 0;

  constructor(public snap: Snap) {}

  get langs(): string[] {
    const langs = this.snap.cfg && this.snap.cfg.langs;
    return langs && langs.length ? langs : ["th", "en"];
  }

  get cfg(): Cfg {
    return this.snap.cfg || {};
  }

  apply(frame: ToPanel): Applied {
    switch (frame.k) {
      case "snap":
        this.replace(frame);
        return "changed";
      case "d":
        return this.delta(frame);
      case "hb":
        this.etaOk = !frame.eta || frame.eta.ok;
        this.behind = frame.seq > this.snap.seq ? this.behind + 1 : 0;
        return this.behind >= BEHIND_MAX ? "lost" : "same";
      default:
        return "same";
    }
  }

  /** A new snapshot; the timetable of an unchanged `sv` is kept with the tables it points into. */
  private replace(snap: Snap): void {
    const old = this.snap;
    if (!snap.sched && (snap.sv || "") === (old.sv || "") && snap.stop.id === old.stop.id) {
      snap.sched = old.sched;
      snap.heads = { ...old.heads, ...snap.heads };
      snap.routes = { ...old.routes, ...snap.routes };
    }
    this.snap = snap;
    this.behind = 0;
  }

  private delta(delta: Delta): Applied {
    const snap = this.snap;
    if (delta.seq <= snap.seq) return "same";
    if (delta.seq !== snap.seq + 1) return "lost";
    snap.seq = delta.seq;
    snap.heads = { ...snap.heads, ...delta.heads };
    snap.routes = { ...snap.routes, ...delta.routes };
    const up = delta.up || [];
    const drop = (delta.rm || []).concat(up.map((row) => row.id));
    snap.rows = (snap.rows || []).filter((row) => drop.indexOf(row.id) < 0).concat(up);
    if (delta.alerts) snap.alerts = delta.alerts;
    if (delta.tiles) snap.tiles = delta.tiles;
    this.behind = 0;
    return "changed";
  }

  /** Carries out a command that concerns the board; answers why not, or an empty string. */
  command(cmd: Cmd, now: number): string {
    if (cmd.exp <= now) return "expired";
    const arg = cmd.arg as unknown;
    if (cmd.op === "clear") this.takeover = null;
    else if (cmd.op === "cfg" && arg) this.snap.cfg = arg as Cfg;
    else if (cmd.op === "takeover" && arg && (arg as Takeover).text) {
      this.takeover = { what: arg as Takeover, exp: cmd.exp };
    } else return "not supported";
    return "";
  }

  takeoverAt(now: number): Takeover | null {
    return this.takeover && now < this.takeover.exp ? this.takeover.what : null;
  }

  /** The timetable from the minute of `now` on. */
  callsFrom(now: number): SchedCall[] {
    const minute = Math.floor(now / 60);
    return (this.snap.sched || []).filter((call) => Math.floor(call[0] / 60) >= minute);
  }

  /** The honesty ladder, when the last frame came `ageS` ago (`null`: none since the start). */
  rung(now: number, ageS: number | null): Rung {
    const fallen = (): Rung => (this.callsFrom(now).length ? "TIMETABLE" : "OFFLINE");
    if (ageS === null || ageS > HOLD_S || ageS > this.snap.ttl || !this.etaOk) return fallen();
    return ageS <= LIVE_S ? "LIVE" : "HOLD";
  }
}
