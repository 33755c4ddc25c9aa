// Makes a QR code beside the page: it is heavier than the rest of the panel and never urgent.

import { encode } from "uqr";

const QUIET_MODULES = 2;

self.onmessage = (event: MessageEvent) => {
  const { data, size } = encode(String(event.data), { border: QUIET_MODULES });
  let d = "";
  data.forEach((line, y) => line.forEach((dark, x) => (d += dark ? `M${x} ${y}h1v1h-1z` : "")));
  (self as unknown as { postMessage(answer: unknown): void }).postMessage({ d, size });
};
