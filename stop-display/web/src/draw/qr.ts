// The way to the same times on a phone, as a QR code; the page is complete without it.

import QrWorker from "./qr-worker?worker";
import { path } from "./icons";

/** A server that was away when the worker was fetched is asked again after this, milliseconds. */
const AGAIN_MS = 60000;

/** Draws the code of `text` into an SVG once the worker made it; dark modules become one path. */
export function drawQr(svg: SVGSVGElement, text: string): void {
  if (typeof Worker === "undefined") return;
  const worker = new QrWorker();
  worker.onmessage = (event: MessageEvent) => {
    const { d, size } = event.data as { d: string; size: number };
    svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
    svg.setAttribute("shape-rendering", "crispEdges");
    while (svg.firstChild) svg.removeChild(svg.firstChild);
    svg.appendChild(path(d));
    worker.terminate();
  };
  worker.onerror = () => {
    worker.terminate();
    setTimeout(() => drawQr(svg, text), AGAIN_MS);
  };
  worker.postMessage(text);
}
