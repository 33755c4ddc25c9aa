// The corrected clock: cheap boxes drift, so time comes from the server's `now` and a monotonic counter.

/** Samples kept. The newest `now` can only be late (the way here takes time), so the largest estimate wins. */
const SAMPLES_MAX = 20;
/** An estimate this far from a new sample means the server's own clock jumped (a demo restarted). */
const JUMP_S = 5;

/** A monotonic counter in seconds; a stub in tests. */
export type Monotonic = () => number;

export class Clock {
  private samples: [number, number][] = [];
  private rate = 1;

  constructor(private mono: Monotonic, private boxOffsetS: number, private boxNow: () => number) {}

  /** Takes a server time in. `rate` is how fast the server's clock runs. */
  sample(now: number, rate?: number): void {
    if (rate !== undefined && rate !== this.rate) {
      this.rate = rate;
      this.samples = [];
    }
    if (this.samples.length && Math.abs(this.now() - now) > JUMP_S * Math.max(1, this.rate)) this.samples = [];
    this.samples.push([now, this.mono()]);
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
    this.boxOffsetS = this.now() - this.boxNow();
  }

  /** Epoch seconds: from the server, or from the box and its last known offset. */
  now(): number {
    if (!this.samples.length) return this.boxNow() + this.boxOffsetS;
    const at = this.mono();
    return this.samples.reduce((best, [now, t]) => Math.max(best, now + (at - t) * this.rate), -Infinity);
  }

  /** Kept with the cache, so that a cold start without network shows the same hour. */
  get offsetS(): number {
    return this.boxOffsetS;
  }
}
