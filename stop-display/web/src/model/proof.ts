// Proof of display: CRC-32 of the visible lines (stop-display/src/board/proof.rs).

/** Eight hex digits: the lines joined by line feeds, Thai marks in canonical order, as UTF-8. */
export function proof(lines: string[]): string {
  const crc = crc32(utf8(thaiCanonical(lines.join("\n"))));
  return ("0000000" + crc.toString(16)).slice(-8);
}

/** Thai marks in the canonical order of Unicode; Thai has no precomposed letters, so this is its NFC. */
export function thaiCanonical(text: string): string {
  const rank = (c: string) => (c === "\u0e3a" ? 0 : c < "\u0e3a" ? 1 : 2);
  const sorted = (run: string) => {
    const marks = run.split("").map((c, i): [string, number] => [c, i]);
    return marks.sort((a, b) => rank(a[0]) - rank(b[0]) || a[1] - b[1]).map((m) => m[0]).join("");
  };
  return text.replace(/[\u0e38-\u0e3a\u0e48-\u0e4b]{2,}/g, sorted);
}

/** `TextEncoder` exists in Chrome 61, but this keeps the page free of a stream API. */
function utf8(text: string): number[] {
  const bytes = unescape(encodeURIComponent(text));
  return bytes.split("").map((c) => c.charCodeAt(0));
}

/** CRC-32 as in zip and PNG: polynomial 0xEDB88320, reflected. */
function crc32(bytes: number[]): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
