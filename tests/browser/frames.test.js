// Frames that the demo does not send by itself, put between the real server and the real page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Demo, freePort } from "./lib/demo.js";
import { browser, open, until } from "./lib/panel.js";

const STOP = "station";
const SOON_S = 600;

let chrome;
let demo;
before(async () => {
  chrome = await browser();
  demo = await new Demo(await freePort()).start();
});
after(async () => {
  await chrome.close();
  await demo.stop();
});

/** A live panel whose link can be spoken into; `link.sent` holds what the page said. */
async function panel() {
  const link = { sent: [], opened: 0, say: () => undefined };
  const prepare = (page) =>
    page.routeWebSocket(/\/v1\/panel$/, (toPage) => {
      const toServer = toPage.connectToServer();
      link.opened++;
      link.say = (frame) => toPage.send(JSON.stringify(frame));
      toServer.onMessage((text) => {
        const frame = JSON.parse(text);
        if (frame.k === "snap" || frame.k === "d") link.seq = frame.seq;
        if (!link.deaf) toPage.send(text);
      });
      toPage.onMessage((text) => {
        link.sent.push(JSON.parse(text));
        toServer.send(text);
      });
    });
  const page = await open(chrome, `${demo.url}/panel/${STOP}?lang=en`, { prepare });
  await until(page, "live rows", (seen) => seen.rung.includes("rung-live") && seen.rows.length > 0);
  const { now } = await demo.departures(STOP);
  return { page, link, now };
}

async function answer(link, wanted) {
  const end = Date.now() + 10000;
  while (Date.now() < end) {
    const frame = link.sent.find(wanted);
    if (frame) return frame;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the page did not answer; it said ${JSON.stringify(link.sent)}`);
}

test("an emergency takes the panel over, is acknowledged, and is cleared", async () => {
  const { page, link, now } = await panel();
  const text = { th: "โปรดออกจากสถานี", en: "Please leave the station" };
  link.say({ k: "cmd", id: "c1", op: "takeover", exp: now + SOON_S, arg: { level: "emergency", fill: "full", text } });
  assert.equal((await answer(link, (f) => f.k === "ack" && f.id === "c1")).ok, true);
  await page.waitForSelector(".full .emergency");
  assert.equal(await page.innerText(".full"), text.en);
  assert.equal(await page.locator(".row:visible").count(), 0);
  link.say({ k: "cmd", id: "c2", op: "clear", exp: now + SOON_S });
  await until(page, "the rows again", (seen) => seen.rows.length > 0 && !seen.rung.includes("has-full"));
  await page.context().close();
});

test("an expired command and one it does not know are refused with the reason", async () => {
  const { page, link, now } = await panel();
  link.say({ k: "cmd", id: "late", op: "clear", exp: now - 1 });
  link.say({ k: "cmd", id: "odd", op: "dance", exp: now + SOON_S });
  const late = await answer(link, (f) => f.k === "ack" && f.id === "late");
  const odd = await answer(link, (f) => f.k === "ack" && f.id === "odd");
  assert.deepEqual([late.ok, late.err], [false, "expired"]);
  assert.deepEqual([odd.ok, odd.err], [false, "not supported"]);
  await page.context().close();
});

test("a snapshot command answers with the lines that are on the screen", async () => {
  const { page, link, now } = await panel();
  link.say({ k: "cmd", id: "s1", op: "snapshot", exp: now + SOON_S });
  const { lines } = await answer(link, (f) => f.k === "ack" && f.id === "s1");
  const seen = await until(page, "rows", (seen) => seen.rows.length > 0);
  assert.equal(lines[0], seen.title);
  assert.ok(seen.rows.some((row) => lines.some((line) => line.startsWith(`${row.route} ${row.dest}`))), String(lines));
  await page.context().close();
});

test("predictions that the server withdraws are gone within a second, and come back with its trust", async () => {
  const { page, link, now } = await panel();
  link.deaf = true;
  link.say({ k: "hb", now, seq: link.seq, eta: { ok: false } });
  const told = await until(page, "the timetable", (seen) => seen.rung.includes("rung-timetable"), 1500);
  assert.match(told.banner, /Scheduled times/);
  assert.ok(told.rows.length > 0);
  for (const row of told.rows) assert.match(row.kind, /is-(sch|cxl)/);
  link.say({ k: "hb", now, seq: link.seq, eta: { ok: true } });
  await until(page, "live", (seen) => seen.rung.includes("rung-live"), 1500);
  await page.context().close();
});

test("a lost delta is noticed, and the panel resumes where it was", async () => {
  const { page, link } = await panel();
  const before = link.opened;
  link.say({ k: "d", seq: link.seq + 5, rm: [] });
  const hello = await answer(link, (f) => f.k === "hello" && f.resume && f.resume.seq > 0);
  assert.equal(link.opened, before + 1);
  assert.ok(hello.resume.sv, "the timetable it holds is named, so that it is not sent again");
  await until(page, "live rows", (seen) => seen.rung.includes("rung-live") && seen.rows.length > 0);
  await page.context().close();
});

test("what is no frame, and frames of the future, change nothing", async () => {
  const { page, link } = await panel();
  for (const frame of [null, 7, [], {}, { k: "hologram" }, { k: "hb" }, { k: "d" }, { k: "cmd" }]) link.say(frame);
  await page.waitForTimeout(1500);
  const seen = await until(page, "rows", (seen) => seen.rows.length > 0);
  assert.match(seen.rung, /rung-(live|timetable)/);
  assert.match(seen.clock, /^\d\d:\d\d$/);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a panel that never heard anything says so, under its own name, with the clock and the way to a phone", async () => {
  const prepare = async (page) => {
    await page.routeWebSocket(/\/v1\/panel$/, () => undefined);
    await page.route(/\/v1\/stops/, (route) => route.abort());
  };
  const page = await open(chrome, `${demo.url}/panel/${STOP}?lang=en`, { prepare });
  const seen = await until(page, "the offline rung", (seen) => seen.rung.includes("rung-offline"));
  assert.equal(seen.title, STOP);
  assert.match(seen.clock, /^\d\d:\d\d$/);
  assert.match(seen.banner, /Offline/);
  assert.match(await page.innerText(".headline"), /times are not available/);
  await page.waitForSelector(".qr path[d^=M]");
  assert.deepEqual(seen.rows, []);
  await page.context().close();
});
