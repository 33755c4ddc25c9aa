// When a panel connects again, and what time it believes it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sunAltitudeDeg, theme } from "../src/draw/theme";
import { Backoff, hash } from "../src/link/backoff";
import { checked } from "../src/link/check";
import { Clock } from "../src/link/clock";

test("a thousand panels spread over the whole window", () => {
  const tenths = new Array(10).fill(0);
  for (let n = 0; n < 1000; n++) tenths[Math.floor(new Backoff("P-" + n).afterLoss(5000) / 500)]++;
  assert.ok(tenths.every((n) => n > 50), String(tenths));
  assert.equal(hash("a"), 0xe40c292c, "FNV-1a, as in the Rust client");
});

test("waits grow to a minute and start again after a stable link", () => {
  const backoff = new Backoff("P-1", () => 1);
  const waits = [1, 2, 3, 4, 5, 6, 7, 8].map(() => backoff.afterLoss(5000));
  assert.deepEqual(waits.slice(1), [2000, 4000, 8000, 16000, 32000, 60000, 60000]);
  backoff.stable();
  assert.ok(backoff.afterLoss(5000) < 5000);
  assert.equal(backoff.afterBye([1200, 6200]), 6200);
});

test("the clock follows the sample with the shortest way, a jump, and a faster demo", () => {
  let mono = 10;
  const clock = new Clock(() => mono, -3600, () => 10000);
  assert.equal(clock.now(), 6400, "before the first frame the kept offset counts");
  clock.sample(1000);
  mono = 13;
  clock.sample(1001);
  assert.equal(clock.now(), 1003, "a late sample does not slow the clock");
  clock.sample(500);
  assert.equal(clock.now(), 500, "a server that restarted at its own hour is followed at once");
  clock.sample(500, 10);
  mono = 16;
  assert.equal(clock.now(), 530);
});

test("night begins with twilight at the stop", () => {
  const at = (hhmm: string, day = "2026-11-20") => Date.parse(`${day}T${hhmm}:00+07:00`) / 1000;
  const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 0.15, `${got}, not ${want}`);
  // At noon of the solstices the sun stands 90 degrees less the distance of the latitude from 23.44 N or S.
  near(sunAltitudeDeg(at("12:18", "2026-06-21"), 13.69, 101.07), 90 - (23.44 - 13.69));
  near(sunAltitudeDeg(at("12:14", "2026-12-21"), 13.69, 101.07), 90 - (23.44 + 13.69));
  assert.equal(theme("auto", at("12:00"), 13.69, 101.07), "day");
  assert.equal(theme("auto", at("18:15"), 13.69, 101.07), "night");
  assert.equal(theme("day", at("23:00"), 13.69, 101.07), "day");
});

test("what is no frame is refused, and a row that is none costs only itself", () => {
  for (const none of [null, 7, "hb", [], {}, { k: "hologram" }, { k: "hb" }, { k: "hb", now: "5", seq: 1 }, { k: "d" }, { k: "bye" }]) {
    assert.equal(checked(none), null, JSON.stringify(none));
  }
  assert.equal(checked({ k: "bye", in: ["soon"] }), null);
  assert.equal(checked({ k: "snap", ep: 1, seq: 1, now: 1, ttl: 90, stop: null }), null);
  const row = { id: "a", r: "B1", h: 1, a: 5 };
  assert.deepEqual(checked({ k: "d", seq: 2, up: [null, { id: "b" }, row] }), { k: "d", seq: 2, up: [row] });
});
