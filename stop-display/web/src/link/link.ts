// The WebSocket to the server: hello, liveness, reconnect in slots. It knows nothing of boards.

import type { Bye, ToPanel } from "../frames";
import { Backoff } from "./backoff";
import { checked } from "./check";

/** No frame for this long means the link is dead, milliseconds. */
const DEAD_MS = 35000;
const STABLE_MS = 60000;
/** Closed for good reason (token, unknown stop, replaced): try again this seldom, milliseconds. */
const REFUSED_MS = 60000;
const REFUSED_FROM = 4400;

export interface LinkEvents {
  hello: () => object;
  frame: (frame: ToPanel) => void;
  state: (open: boolean) => void;
}

export class Link {
  private socket: WebSocket | null = null;
  private timer = 0;
  private watchdog = 0;
  private stableTimer = 0;
  private bye: Bye | null = null;
  windowMs = 5000;

  constructor(private url: string, private backoff: Backoff, private on: LinkEvents) {}

  open(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.socket) return;
    this.bye = null;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.alive();
    socket.onopen = () => {
      this.send(this.on.hello());
      this.on.state(true);
      this.stableTimer = window.setTimeout(() => this.backoff.stable(), STABLE_MS);
    };
    socket.onmessage = (event) => this.receive(String(event.data));
    socket.onclose = (event) => this.closed(event.code);
  }

  get isOpen(): boolean {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }

  send(frame: object): void {
    if (this.isOpen) this.socket!.send(JSON.stringify(frame));
  }

  /** Frames were lost: drop the connection and resume at once. */
  restart(): void {
    this.drop();
    this.open();
  }

  /** The network or the screen came back: do not wait for the slot. */
  hurry(): void {
    if (!this.socket && this.timer) this.open();
  }

  private receive(text: string): void {
    this.alive();
    let frame: ToPanel | null = null;
    try {
      frame = checked(JSON.parse(text));
    } catch (_) {
      // No JSON: alive, but nothing to show.
    }
    if (!frame) return;
    if (frame.k === "bye") this.bye = frame;
    this.on.frame(frame);
  }

  private alive(): void {
    clearTimeout(this.watchdog);
    this.watchdog = window.setTimeout(() => {
      this.drop();
      this.retry(0);
    }, DEAD_MS);
  }

  private closed(code: number): void {
    this.drop();
    this.retry(code);
  }

  private retry(code: number): void {
    let wait = this.bye ? this.backoff.afterBye(this.bye.in) : this.backoff.afterLoss(this.windowMs);
    if (code >= REFUSED_FROM && code !== 4408) wait = REFUSED_MS * (0.5 + Math.random());
    this.timer = window.setTimeout(() => this.open(), wait);
  }

  /** Forgets the socket; its late events must not reach the next one. */
  private drop(): void {
    clearTimeout(this.watchdog);
    clearTimeout(this.stableTimer);
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.on.state(false);
  }
}
