// Two small build steps: the page's script as a classic one, and the service worker with the files to keep.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Vite writes a module script; the bundle is an IIFE, so `defer` does the same on every browser. */
export function classicScript() {
  return {
    name: "classic-script",
    enforce: "post",
    transformIndexHtml(html) {
      return html.replace('type="module" crossorigin', "defer").replace(" crossorigin", "");
    },
  };
}

/** Writes sw.js with the names of all built files and a version that changes when any of them does. */
export function serviceWorker() {
  return {
    name: "service-worker",
    // Last of all: the style sheet joins the bundle late.
    generateBundle: { order: "post", handler(_options, bundle) {
      const files = Object.keys(bundle).map((name) => "/panel-web/" + name).sort();
      const version = createHash("sha256").update(files.join("\n")).digest("hex").slice(0, 12);
      const source = readFileSync(new URL("../src/sw.js", import.meta.url), "utf8")
        .replace("__VERSION__", version)
        .replace("__FILES__", JSON.stringify(files.filter((name) => !name.endsWith(".html"))));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    } },
  };
}
