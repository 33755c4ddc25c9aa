// The terminal client and the page draw one model: what one says, the other says too.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { BIN, Demo, freePort } from "./lib/demo.js";
import { browser, open, until } from "./lib/panel.js";

const STOP = "station";
const CLIENT = process.env.STOP_DISPLAY_BIN || join(dirname(BIN || "."), "stop-display");

test("the terminal client says what the page says", async (t) => {
  if (!existsSync(CLIENT)) {
    console.error(`skipped: there is no ${CLIENT}`);
    return t.skip();
  }
  const demo = await new Demo(await freePort()).start();
  const chrome = await browser();
  try {
    const page = await open(chrome, `${demo.url}/panel/${STOP}?lang=en`);
    await until(page, "rows", (seen) => seen.rows.length > 0 && seen.rung.includes("rung-live"));
    const args = ["--server", `ws://127.0.0.1:${demo.port}`, "--stop", STOP, "--lang", "en", "--once"];
    // Both are asked within a moment; a minute may turn in between, so the second try counts too.
    let drawn, printed;
    for (let tries = 0; tries < 3; tries++) {
      const { stdout } = await promisify(execFile)(CLIENT, args);
      printed = stdout.split("\n");
      const seen = await until(page, "rows", (seen) => seen.rows.length > 0);
      drawn = seen.rows.map((row) => [row.route, row.dest, row.time].join(" "));
      if (drawn.every((line) => printed.some((text) => text.startsWith(line)))) break;
    }
    for (const line of drawn) assert.ok(printed.some((text) => text.startsWith(line)), `${line} is not in ${printed}`);
  } finally {
    await chrome.close();
    await demo.stop();
  }
});
