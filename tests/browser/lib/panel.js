// A panel page in Chromium, and what a rider would read on it.

import { chromium } from "playwright-core";

const EXECUTABLE = process.env.CHROMIUM || "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];

export const SIZES = [
  { width: 1920, height: 1080 },
  { width: 1080, height: 1920 },
  { width: 800, height: 480 },
];

export function browser() {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}

/** Opens a page that collects its errors in `page.troubles`. */
export async function open(browser, url, { size = SIZES[0], prepare = async () => {} } = {}) {
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  page.troubles = [];
  page.on("pageerror", (error) => page.troubles.push(error.message));
  page.on("console", (message) => {
    // A server that is down on purpose makes the browser complain about the network; nothing else may.
    if (message.type() === "error" && !/ERR_|WebSocket|Failed to fetch|when fetching the script/.test(message.text())) {
      page.troubles.push(message.text());
    }
  });
  await prepare(page, context);
  await page.goto(url);
  return page;
}

/** What the page shows now: texts, and the class of each row's source. */
export function read(page) {
  return page.evaluate(() => {
    const text = (selector) => [...document.querySelectorAll(selector)].filter((n) => n.offsetParent).map((n) => n.textContent);
    return {
      lang: document.documentElement.lang,
      rung: document.body.className,
      title: text(".title")[0],
      subtitle: text(".subtitle")[0],
      clock: text(".clock")[0],
      banner: text(".banner")[0] || "",
      pill: text(".pill")[0] || "",
      notice: text(".notice")[0] || "",
      rows: [...document.querySelectorAll(".row")].map((row) => ({
        kind: row.className,
        route: row.querySelector(".name").textContent,
        dest: row.querySelector(".dest").textContent,
        time: row.querySelector(".time").innerText.replace(/\s+/g, " ").trim(),
        note: row.querySelector(".source").innerText,
      })),
    };
  });
}

/** Waits until what the page shows satisfies `wanted`; a failure shows what it was instead. */
export async function until(page, what, wanted, withinMs = 15000) {
  const end = Date.now() + withinMs;
  let seen;
  while (Date.now() < end) {
    seen = await read(page);
    if (wanted(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within ${withinMs} ms: ${what}; the page shows ${JSON.stringify(seen, null, 1)}`);
}

/** A text in a language, as a panel falls back: English, then Thai. */
export function pick(text, lang) {
  return text[lang] || text.en || text.th || "";
}
