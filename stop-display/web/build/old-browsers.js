// Fails the build on what Chrome 61 lacks: transpiling lowers syntax, but adds no functions and no style properties.

import { readdirSync, readFileSync } from "node:fs";

const SCRIPT = [
  /\bglobalThis\b/, /\bimport\(/, /\bimport\.meta\b/, /\bResizeObserver\b/, /\bAbortController\b/, /\bBigInt\b/,
  /\bIntl\.Segmenter\b/, /\.flat\(/, /\.flatMap\(/, /\.fromEntries\(/, /\.at\(/, /\.replaceAll\(/, /\.matchAll\(/,
  /\.finally\(/, /\.replaceChildren\(/, /\.toggleAttribute\(/, /\bqueueMicrotask\(/, /\bstructuredClone\(/, /\?\?/, /\?\.[a-z[(]/i,
];
const STYLE = [
  /[^-]\bgap:/, /\b(row|column)-gap:(?<!grid-(row|column)-gap:)/, /\binset:/, /\baspect-ratio:/, /\b(clamp|min|max)\(/,
  /:(is|where|has)\(/, /\bplace-(items|content|self):/, /#[0-9a-f]{8}\b/i, /:focus-visible/,
];

const dir = new URL("../dist/assets/", import.meta.url);
let faults = 0;
for (const name of readdirSync(dir).filter((name) => /\.(js|css)$/.test(name))) {
  const text = readFileSync(new URL(name, dir), "utf8");
  for (const wanted of name.endsWith(".css") ? STYLE : SCRIPT) {
    const found = wanted.exec(text);
    if (!found) continue;
    faults += 1;
    console.error(`${name}: Chrome 61 has no ${found[0]} (…${text.slice(Math.max(0, found.index - 40), found.index + 40)}…)`);
  }
}
if (faults) process.exit(1);
