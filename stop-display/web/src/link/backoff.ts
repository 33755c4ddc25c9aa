// When to connect again, so that a thousand panels never knock at once.

const FIRST_MS = 1000;
const LAST_MS = 60000;

/** FNV-1a: a panel's own place in the window, the same after every restart. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

export class Backoff {
  private tries = 0;

  constructor(private id: string, private random: () => number = Math.random) {}

  /** After `bye`: a random time inside its window, milliseconds. */
  afterBye(window: [number, number]): number {
    this.tries = 0;
    return window[0] + this.random() * Math.max(0, window[1] - window[0]);
  }

  /** After a silent loss: first the panel's slot, then full-jitter exponential for ever, milliseconds. */
  afterLoss(windowMs: number): number {
    const tries = this.tries++;
    if (tries === 0) return hash(this.id) % Math.max(1, windowMs);
    return this.random() * Math.min(LAST_MS, FIRST_MS * Math.pow(2, Math.min(tries, 10)));
  }

  /** The link has been stable for a minute. */
  stable(): void {
    this.tries = 0;
  }
}
