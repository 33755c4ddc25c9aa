// Side tiles as text; a kind this version does not know is not shown (stop-display/src/board/tiles.rs).

import type { Offsets, Tile } from "../frames";
import { hhmm } from "./local";
import { fill, type Words } from "./words";

export interface TileView {
  id: string;
  main: string;
  sub: string;
}

/** The tiles that are not over yet. */
export function tiles(all: Tile[], now: number, tz: Offsets, w: Words): TileView[] {
  return all.filter((tile) => now < tile.until && tile.id === "tide").map((tile) => tide(tile, tz, w)).filter(known);
}

/** Water level in metres, its trend and the next high water. */
function tide(tile: Tile, tz: Offsets, w: Words): TileView | null {
  const data = tile.data || {};
  const cm = data.cm;
  if (typeof cm !== "number" || cm !== Math.floor(cm)) return null;
  const rest = Math.abs(cm) % 100;
  const metres = (cm < 0 ? "-" : "") + Math.floor(Math.abs(cm) / 100) + "." + (rest < 10 ? "0" : "") + rest;
  const trend = data.trend === "rise" ? w.tide_rise : data.trend === "fall" ? w.tide_fall : "";
  const high = typeof data.high === "number" ? fill(w.tide_high, "t", hhmm(tz, data.high)) : "";
  return { id: tile.id, main: fill(w.tide, "n", metres), sub: [trend, high].filter((s) => s !== "").join(" · ") };
}

function known(tile: TileView | null): tile is TileView {
  return tile !== null;
}
