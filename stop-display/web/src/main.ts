// The panel page: starts the panel of the stop in the address and keeps the shell for a start without network.

import "./style/fonts.css";
import "./style/theme.css";
import "./style/board.css";
import { Panel } from "./panel";
import { settings } from "./settings";

new Panel(settings(location)).start();

// Only secure origins (and localhost) may keep a shell; elsewhere the page works, but needs the network to start.
// It waits until the first board stands: fetching the shell again must not delay that.
const SHELL_AFTER_MS = 3000;
const SHELL_AGAIN_MS = 60000;
const keepShell = () => {
  navigator.serviceWorker.register("/panel-web/sw.js", { scope: "/panel/" }).catch(() => setTimeout(keepShell, SHELL_AGAIN_MS));
};
if ("serviceWorker" in navigator) setTimeout(keepShell, SHELL_AFTER_MS);

// A panel never dims; where the browser cannot promise that, the kiosk's own settings must.
const lock = (navigator as { wakeLock?: { request(kind: string): Promise<unknown> } }).wakeLock;
if (lock) {
  const hold = () => void (document.hidden || lock.request("screen").catch(() => undefined));
  document.addEventListener("visibilitychange", hold);
  hold();
}
