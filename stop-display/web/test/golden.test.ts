// The golden files in stop-display/golden hold what the Rust model says: the page must say the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Snap, ToPanel } from "../src/frames";
import { Board } from "../src/model/board";
import { countdown } from "../src/model/countdown";
import { pages } from "../src/model/pages";
import { proof, thaiCanonical } from "../src/model/proof";
import { lines, view } from "../src/model/view";
import { words } from "../src/model/words";

function golden(name: string): any[] {
  const cases = JSON.parse(readFileSync(new URL("../../golden/" + name, import.meta.url), "utf8"));
  assert.ok(cases.length > 0);
  return cases;
}

for (const c of golden("countdown.json")) {
  test("countdown: " + c.name, () => {
    for (const lang of ["th", "en"]) {
      const around = { now: c.now, rung: c.rung, ferry: c.mode === "ferry", pier: c.kind === "pier", tz: [], w: words(lang) };
      const t = countdown(c.row, around);
      assert.deepEqual(t && [t.mark, t.struck, t.lead, t.unit, t.sub, t.note], c[lang]);
    }
  });
}

test("boards: every step of the golden story", () => {
  let board: Board | null = null;
  for (const step of golden("board.json")) {
    for (const frame of step.frames as ToPanel[]) {
      if (!board) board = new Board(frame as Snap);
      else if (frame.k === "cmd") assert.equal(board.command(frame, step.now), "");
      else board.apply(frame);
    }
    const all: string[] = [];
    for (const lang of ["th", "en"]) {
      const got = lines(view(board!, step.now, step.age, lang));
      assert.deepEqual(got, step[lang], step.name + " " + lang);
      all.push(...got);
    }
    assert.equal(board!.rung(step.now, step.age), step.rung, step.name);
    assert.equal(proof(all), step.rh, step.name);
  }
});

test("the order in which Thai marks were typed does not change the proof", () => {
  assert.equal(proof(["ป้\u0e38"]), proof(["ป\u0e38้"]));
  assert.equal(thaiCanonical("ท่าเรือ Wat Sothon"), "ท่าเรือ Wat Sothon");
  assert.equal(proof(["123456789"]), "cbf43926");
});

test("every row is on a page in every language", () => {
  const all = pages(7, 4, ["th", "en"]).map((p) => [p.from, p.to, p.lang]);
  assert.deepEqual(all, [[0, 4, "th"], [0, 4, "en"], [4, 7, "th"], [4, 7, "en"]]);
  assert.equal(pages(0, 4, ["th", "en"]).length, 2);
});

test("a missing delta is noticed and changes nothing", () => {
  const board = new Board(golden("board.json")[0].frames[0]);
  const before = JSON.stringify(board.snap);
  assert.equal(board.apply({ k: "d", seq: board.snap.seq + 2, rm: ["t:F1-0931:1"] }), "lost");
  assert.equal(JSON.stringify(board.snap), before);
  assert.equal(board.apply({ k: "hb", now: 1, seq: board.snap.seq + 1 }), "same");
  assert.equal(board.apply({ k: "hb", now: 1, seq: board.snap.seq + 1 }), "lost");
});
