// One row: route badge, destination, time, source and marks. The element is kept and patched.

import type { RowView } from "../model/view";
import { el, put, setClass, show } from "./dom";
import { icon, setIcon } from "./icons";
import { fit } from "./fit";

const MINUTES = /^\d+$/;
const CLOCK = /^\d\d:\d\d$/;

export class RowElement {
  private mode = icon("bus", "mode");
  private route = el("b", "name");
  private badge = el("div", "badge", this.mode, this.route);
  private dest = el("div", "dest");
  private struck = el("s", "struck");
  private lead = el("b", "lead");
  private unit = el("span", "unit");
  private sub = el("span", "sub");
  private time = el("div", "time", this.struck, this.lead, this.unit, this.sub);
  private shape = icon("live");
  private note = el("span", "word");
  private source = el("span", "source", this.shape, this.note);
  private meta = el("div", "meta", this.source);
  readonly node = el("li", "row", this.badge, this.dest, this.time, this.meta);
  private marks = "";

  update(row: RowView, lang: string): void {
    this.node.lang = lang;
    this.paintBadge(row);
    put(this.dest, row.dest);
    const t = row.time;
    put(this.struck, t.struck);
    put(this.lead, t.lead);
    put(this.unit, t.unit);
    put(this.sub, t.sub);
    put(this.note, t.note);
    const kind = MINUTES.test(t.lead) ? "min" : CLOCK.test(t.lead) ? "clock" : "said";
    setClass(this.node, `row is-${t.mark} as-${kind}`);
    setIcon(this.shape, t.mark);
    show(this.source, t.note !== "");
    this.paintMarks(row);
  }

  /** Shrinks a long name; called once all rows are written, so that the page is laid out once. */
  settle(): void {
    fit(this.dest);
  }

  /** The row's text as it stands on the page, for the proof of display. */
  drawn(): string {
    const marks = Array.prototype.slice.call(this.meta.querySelectorAll(".x span")) as HTMLElement[];
    const parts = [this.route, this.dest, this.struck, this.lead, this.unit, this.sub, this.note, ...marks];
    return parts.map((part) => part.textContent || "").filter((text) => text !== "").join(" ");
  }

  private paintBadge(row: RowView): void {
    put(this.route, row.route.name);
    setIcon(this.mode, row.route.mode === "ferry" ? "ferry" : "bus");
    const style = this.badge.style;
    style.setProperty("--badge", colour(row.route.color, "#37506b"));
    style.setProperty("--badge-ink", colour(row.route.text, "#ffffff"));
  }

  private paintMarks(row: RowView): void {
    const marks = JSON.stringify(row.extras);
    if (marks === this.marks) return;
    this.marks = marks;
    while (this.meta.childNodes.length > 1) this.meta.removeChild(this.meta.lastChild!);
    for (const extra of row.extras) {
      const text = el("span", "");
      text.textContent = extra.text;
      this.meta.appendChild(el("span", "x x-" + extra.kind, icon(extra.kind), text));
    }
  }
}

/** A GTFS colour as CSS; anything else than six hex digits is ignored. */
function colour(hex: string | undefined, otherwise: string): string {
  return hex && /^[0-9a-fA-F]{6}$/.test(hex) ? "#" + hex : otherwise;
}
