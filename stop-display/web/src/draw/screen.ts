// The whole screen: header, messages, rows, footer. Built once, then patched; one page is visible at a time.

import type { StopInfo } from "../frames";
import type { Page } from "../model/pages";
import type { AlertView, RowView, View } from "../model/view";
import { rowLine } from "../model/view";
import { arrange, el, put, setClass, show } from "./dom";
import { fit } from "./fit";
import { icon, setIcon } from "./icons";
import { drawQr } from "./qr";
import { RowElement } from "./row";

/** A row is never lower than this part of the screen. */
const ROW_MIN = 1 / 14;
/** Nor higher than this part of it. */
const ROW_MAX = 0.155;
/** The same on an upright screen. */
const ROW_MAX_TALL = 0.11;
/** With so few of its rows in use a page makes them higher: the lower half of a screen is no ornament. */
const FEW = 0.6;
const FEW_SLOTS = 0.75;
/** A small screen: fewer rows, no code for phones. */
const SMALL_PX = 600;
const RUNG_ICON = { LIVE: "live", HOLD: "held", TIMETABLE: "sch", OFFLINE: "off" };

export class Screen {
  private place = icon("bus");
  private title = el("h1", "title");
  private subtitle = el("p", "subtitle");
  private clock = el("time", "clock");
  private date = el("p", "date");
  private bannerIcon = icon("sch");
  private bannerText = el("span", "");
  private banner = el("p", "banner", this.bannerIcon, this.bannerText);
  private over = el("div", "alerts over");
  private headline = el("p", "headline");
  private rowList = el("ol", "rows");
  private full = el("div", "full");
  private bottom = el("div", "alerts bottom");
  private pillIcon = icon("live");
  private pillText = el("span", "");
  private pill = el("p", "pill", this.pillIcon, this.pillText);
  private tiles = el("p", "tiles");
  private notice = el("p", "notice");
  private dots = el("p", "dots");
  private scan = el("span", "scan");
  private qr = icon("", "qr");
  private phone = el("p", "phone", this.scan, this.qr);
  private main = el("main", "main", this.banner, this.over, this.headline, this.rowList, this.full, this.bottom);
  private rows: { [id: string]: RowElement } = {};
  private drawnRows: { [id: string]: string } = {};

  constructor(private body: HTMLElement) {
    const names = el("div", "names", this.title, this.subtitle);
    const when = el("div", "when", this.clock, this.date);
    const header = el("header", "header", el("span", "place", this.place), names, when);
    const said = el("div", "said", this.pill, this.tiles, this.notice);
    const footer = el("footer", "footer", said, this.dots, this.phone);
    const boot = document.getElementById("boot");
    if (boot) body.removeChild(boot);
    body.appendChild(el("div", "board", header, this.main, footer));
  }

  /** How many rows fit on a page, when `wanted` is asked for (0: as many as look well). */
  rowsPerPage(wanted: number): number {
    const tall = window.innerHeight > window.innerWidth;
    const height = this.rowList.clientHeight || window.innerHeight / 2;
    const best = wanted || (tall ? 10 : window.innerHeight < SMALL_PX ? 4 : 6);
    const least = window.innerHeight * ROW_MIN * (tall ? 0.75 : 1);
    return Math.max(1, Math.min(best, Math.floor(height / least)));
  }

  draw(view: View, page: Page, pageNo: number, pageCount: number, perPage: number): void {
    document.documentElement.lang = view.lang;
    setClass(this.body, `rung-${view.rung.toLowerCase()}${view.full ? " has-full" : view.rows.length ? "" : " no-rows"}`);
    this.drawHeader(view);
    this.drawMessages(view);
    this.drawFooter(view, pageNo, pageCount);
    this.body.style.setProperty("--row", this.rowHeight(view.rows.length, perPage).toFixed(1) + "px");
    this.drawRows(view.rows.slice(page.from, page.to), view.lang);
  }

  /** Height of one row, pixels. */
  private rowHeight(rows: number, perPage: number): number {
    const tall = window.innerHeight > window.innerWidth;
    const most = tall ? ROW_MAX_TALL : window.innerHeight < SMALL_PX ? ROW_MAX * 1.25 : ROW_MAX;
    const slots = rows <= perPage * FEW ? Math.ceil(perPage * FEW_SLOTS) : perPage;
    return Math.min(window.innerHeight * most, this.rowList.clientHeight / slots);
  }

  /** The kind of the stop. */
  drawStop(stop: StopInfo): void {
    setIcon(this.place, stop.kind === "pier" ? "ferry" : "bus");
  }

  /** The way to the same times on a phone. */
  drawCode(url: string): void {
    drawQr(this.qr, url);
  }

  /** The label beside the code. */
  drawScan(text: string): void {
    put(this.scan, text);
  }

  /** The line of a row as it stands on the page, or as the model says when it is on another page. */
  line(row: RowView): string {
    return this.drawnRows[row.id] === undefined ? rowLine(row) : this.drawnRows[row.id];
  }

  private drawHeader(view: View): void {
    put(this.title, view.title);
    put(this.subtitle, view.subtitle);
    this.subtitle.lang = view.subtitleLang;
    put(this.clock, view.clock);
    put(this.date, view.date);
    fit(this.title);
  }

  private drawMessages(view: View): void {
    const loud = view.rung === "TIMETABLE" || view.rung === "OFFLINE";
    setIcon(this.bannerIcon, RUNG_ICON[view.rung]);
    put(this.bannerText, loud ? view.status : "");
    show(this.banner, loud);
    this.drawAlerts(this.over, view.over);
    this.drawAlerts(this.bottom, view.bottom);
    put(this.headline, view.headline);
    show(this.rowList, view.rows.length > 0);
    this.drawAlerts(this.full, view.full ? [view.full] : []);
  }

  private drawAlerts(box: HTMLElement, alerts: AlertView[]): void {
    const key = JSON.stringify(alerts);
    if (box.getAttribute("data-key") === key) return;
    box.setAttribute("data-key", key);
    arrange(box, alerts.map((alert) => {
      const text = el("span", "");
      text.textContent = alert.text;
      return el("p", alert.emergency ? "alert emergency" : "alert", icon("alert"), text);
    }));
    show(box, alerts.length > 0);
  }

  private drawFooter(view: View, pageNo: number, pageCount: number): void {
    const quiet = view.rung === "LIVE" || view.rung === "HOLD";
    setIcon(this.pillIcon, RUNG_ICON[view.rung]);
    put(this.pillText, quiet ? view.status : "");
    show(this.pill, quiet);
    put(this.tiles, view.tiles.map((tile) => tile.main + (tile.sub ? " · " + tile.sub : "")).join("   "));
    put(this.notice, view.notice);
    const key = pageNo + "/" + pageCount;
    if (this.dots.getAttribute("data-key") === key) return;
    this.dots.setAttribute("data-key", key);
    const dots: Node[] = [];
    for (let i = 0; i < pageCount; i++) dots.push(el("i", i === pageNo ? "on" : ""));
    arrange(this.dots, dots);
  }

  private drawRows(rows: RowView[], lang: string): void {
    const kept: { [id: string]: RowElement } = {};
    this.drawnRows = {};
    const nodes = rows.map((row) => (kept[row.id] = this.rows[row.id] || new RowElement()).node);
    arrange(this.rowList, nodes);
    this.rows = kept;
    for (const row of rows) kept[row.id].update(row, lang);
    for (const row of rows) {
      kept[row.id].settle();
      this.drawnRows[row.id] = kept[row.id].drawn();
    }
  }
}
