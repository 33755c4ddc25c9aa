// Where a network blocks WebSocket: the same snapshot over plain HTTP, in the panel's own slot.

import type { Snap } from "../frames";
import { hash } from "./backoff";
import { checked } from "./check";

/** How often a board is asked for, milliseconds. */
const EVERY_MS = 20000;

/** Asks for the board while `wanted` says so; each answer counts as a frame. */
export function poll(id: string, wanted: () => string | null, take: (snap: Snap) => void): void {
  const ask = () => {
    const url = wanted();
    if (!url) return;
    fetch(url)
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
      .then((snap: Snap) => wanted() && checked(snap) && take(snap))
      .catch(() => undefined);
  };
  const begin = () => {
    ask();
    setInterval(ask, EVERY_MS);
  };
  setTimeout(begin, hash(id) % EVERY_MS);
}
