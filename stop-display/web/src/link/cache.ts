// The last board and its 36 h timetable, kept over a restart. Storage may be denied: then nothing is kept.

import type { Snap } from "../frames";
import { checked } from "./check";

/** A kept board older than its timetable is of no use, milliseconds. */
const KEPT_MAX_MS = 48 * 3600 * 1000;

export interface Kept {
  snap: Snap;
  /** Server time minus box time, seconds. */
  offsetS: number;
  /** Box time of keeping, milliseconds. */
  at: number;
}

export class Cache {
  constructor(private stop: string) {}

  load(): Kept | null {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) || "null") as Kept | null;
      return kept && checked(kept.snap) && Date.now() - kept.at < KEPT_MAX_MS ? kept : null;
    } catch (_) {
      return null;
    }
  }

  save(snap: Snap, offsetS: number): void {
    try {
      localStorage.setItem(this.key, JSON.stringify({ snap, offsetS, at: Date.now() }));
    } catch (_) {
      // Denied or full: the panel works on, it only starts empty without network.
    }
  }

  private get key(): string {
    return "board:" + this.stop;
  }
}
