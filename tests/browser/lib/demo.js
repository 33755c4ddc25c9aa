// The real server as a child process: the demo on a free port of this machine.

import { spawn } from "node:child_process";
import { createServer } from "node:net";

/** The server answers within this time of its start, milliseconds. */
const START_MAX_MS = 30000;
const STOP_MAX_MS = 10000;

export const BIN = process.env.PADRIEW_BIN;

export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** A demo server; `args` are added to its command line. */
export class Demo {
  constructor(port, args = []) {
    this.port = port;
    this.args = args;
    this.url = `http://127.0.0.1:${port}`;
    this.output = "";
  }

  async start() {
    const args = ["demo", "--listen", `127.0.0.1:${this.port}`, ...this.args];
    this.child = spawn(BIN, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout.on("data", (data) => (this.output += data));
    this.child.stderr.on("data", (data) => (this.output += data));
    this.stopping = false;
    this.gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.gone.then((code) => {
      if (!this.stopping) console.error(`the demo ended by itself with ${code}:\n${this.output.slice(-4000)}`);
    });
    const until = Date.now() + START_MAX_MS;
    while (Date.now() < until) {
      if (this.child.exitCode !== null) throw new Error(`the demo ended at once:\n${this.output}`);
      const ready = await fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false);
      if (ready) return this;
      await sleep(100);
    }
    throw new Error(`the demo did not become ready:\n${this.output}`);
  }

  signal(name) {
    this.child.kill(name);
  }

  /** Ends the server with a signal and waits until it is gone. */
  async stop(name = "SIGTERM") {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.stopping = true;
    this.child.kill(name);
    // This child, not the one that may have been started by then.
    const { child } = this;
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MAX_MS);
    await this.gone;
    clearTimeout(late);
  }

  async departures(stop) {
    const answer = await fetch(`${this.url}/v1/stops/${stop}/departures`);
    return answer.json();
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
