// Weighs what a panel loads and fails when it is too much: a panel may hang on a slow radio link.

import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const CODE_MAX_BYTES = 15 * 1024;
/** The QR code's worker, loaded after the first board. */
const LATER_MAX_BYTES = 5 * 1024;
const ALL_MAX_BYTES = 65 * 1024;

const dir = new URL("../dist/assets/", import.meta.url);
let code = 0;
let later = 0;
let fonts = 0;
for (const name of readdirSync(dir)) {
  const bytes = readFileSync(new URL(name, dir));
  if (name.includes("worker")) later += gzipSync(bytes, { level: 9 }).length;
  else if (/\.(js|css)$/.test(name)) code += gzipSync(bytes, { level: 9 }).length;
  else fonts += bytes.length;
}
const page = gzipSync(readFileSync(new URL("../dist/index.html", import.meta.url))).length;
const all = code + later + fonts + page;
console.log(
  `panel page: script and style ${code} bytes gzip (limit ${CODE_MAX_BYTES}), ` +
    `QR worker ${later} (limit ${LATER_MAX_BYTES}), all with fonts ${all} (limit ${ALL_MAX_BYTES})`,
);
if (code > CODE_MAX_BYTES || later > LATER_MAX_BYTES || all > ALL_MAX_BYTES) {
  console.error("the panel page is too heavy");
  process.exit(1);
}
