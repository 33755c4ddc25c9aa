// Keeps the panel's shell, so that a start without network still shows the kept timetable.
// It never touches boards: those travel over the WebSocket and are kept by the page itself.

const CACHE = "panel-__VERSION__";
const SHELL = "/panel-web/index.html";
const FILES = __FILES__;
/** A server that does not answer in this time is treated as away, milliseconds. */
const PATIENCE_MS = 1000;

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES.concat(SHELL));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("panel-") && name !== CACHE).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (FILES.includes(url.pathname)) event.respondWith(kept(url.pathname, event.request));
});

async function page(request) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), PATIENCE_MS));
  try {
    const answer = await Promise.race([fetch(request), late]);
    if (answer.status < 500) return answer;
  } catch (_) {
    // Away or late: the shell draws the kept board and keeps trying.
  }
  return kept(SHELL, request);
}

async function kept(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) || fetch(request);
}
