// The round trips: sorted, filtered, and each a way to its line and to its place on the chart.
import { ask } from "./api.js";
import { byId, make, say } from "./dom.js";
import * as numbers from "./numbers.js";
import { placed, put } from "./place.js";
import * as times from "./times.js";

const PAGE = 25, MOST = 200; // rows at a time
const COLUMNS = [
  ["closed", "Closed"], ["symbol", "Symbol"], ["held", "Held"], [null, "From"], [null, "To"], [null, "Size"], ["share", "Result"], ["result", "In money"], ["reason", "Why closed"],
];

export class Trades {
  #sort = "closed"; #order = "desc"; #rows = []; #next = null; #generation = 0; #onTrip; #onLine; #asked = false; #count = -1;

  /** onTrip(row): its place on the chart is asked for. onLine(seq): its line. */
  constructor(onTrip, onLine) {
    this.#onTrip = onTrip;
    this.#onLine = onLine;
    const [sort, order] = (placed("sort") ?? "").split(".");
    if (COLUMNS.some(([name]) => name === sort && name)) [this.#sort, this.#order] = [sort, order === "asc" ? "asc" : "desc"];
    if (["won", "lost"].includes(placed("outcome"))) byId("trades-outcome").value = placed("outcome");
    for (const name of ["symbol", "reason", "outcome"]) {
      byId(`trades-${name}`).addEventListener("change", () => { put(name, this.#chosen(name)); this.reload(); });
    }
    byId("trades-more").addEventListener("click", () => this.#more());
  }

  /** What there is to choose from. The table is read when it is first looked at, and anew when it has grown. */
  offer({ trades, symbols, reasons }) {
    this.#choices("symbol", symbols, "All symbols");
    this.#choices("reason", reasons, "All reasons");
    byId("trades-symbol").parentElement.hidden = symbols.length < 2;
    byId("trades-reason").parentElement.hidden = reasons.length < 2;
    const grown = trades !== this.#count;
    this.#count = trades;
    if (grown && this.#asked) this.reload();
  }

  /** It is looked at. */
  look() { if (!this.#asked) this.reload(); }

  async reload() {
    this.#asked = true;
    const generation = ++this.#generation;
    const page = await this.#page(0).catch((error) => ({ trades: [], count: 0, summary: error.message, next: null }));
    if (generation !== this.#generation) return;
    this.#rows = page.trades;
    this.#next = page.next;
    say(byId("trades-summary"), page.count ? `${page.count.toLocaleString("en-US")} ${page.count === 1 ? "trade" : "trades"}${page.summary ? `: ${page.summary.replaceAll("-", "−")}` : ""}` : page.summary || "No trade that was opened and closed.");
    this.redraw();
  }

  /** Every row, for those who can't ask for more: on paper. */
  async all() {
    for (let had = -1; this.#next !== null && had < this.#rows.length;) {
      had = this.#rows.length;
      await this.#more(MOST);
    }
  }

  redraw() {
    byId("trades-head").replaceChildren(make("tr", {}, ...COLUMNS.map(([name, label]) => this.#header(name, label))));
    byId("trades-rows").replaceChildren(...this.#rows.map((row) => this.#row(row)));
    byId("trades-table").hidden = !this.#rows.length;
    byId("trades-more").hidden = this.#next === null;
  }

  async #more(limit = PAGE) {
    const generation = this.#generation, page = await this.#page(this.#next, limit).catch(() => null);
    if (!page || generation !== this.#generation) return;
    this.#rows.push(...page.trades);
    this.#next = page.next;
    this.redraw();
  }

  #page(offset, limit = PAGE) {
    const filters = Object.fromEntries(["symbol", "reason", "outcome"].map((name) => [name, this.#chosen(name)]));
    return ask("api/trades", { sort: this.#sort, order: this.#order, ...filters, limit, offset });
  }

  #chosen(name) { return byId(`trades-${name}`).value || null; }

  #choices(name, values, all) {
    const select = byId(`trades-${name}`), chosen = select.dataset.begun ? select.value : placed(name) ?? "";
    select.dataset.begun = "1";
    select.replaceChildren(make("option", { value: "" }, all), ...values.map((value) => make("option", { value, selected: value === chosen }, value.replaceAll("_", " "))));
  }

  #header(name, label) {
    if (name === null) return make("th", { scope: "col" }, label);
    const sorted = this.#sort === name ? (this.#order === "asc" ? "ascending" : "descending") : "none";
    return make("th", { scope: "col", "aria-sort": sorted },
      make("button", { type: "button", on: { click: () => this.#sortBy(name) } }, label, make("span", { class: "arrow", "aria-hidden": "true" }, { ascending: "▲", descending: "▼", none: "" }[sorted])));
  }

  #sortBy(name) {
    this.#order = this.#sort === name && this.#order === "desc" ? "asc" : "desc";
    this.#sort = name;
    put("sort", name === "closed" && this.#order === "desc" ? null : `${name}.${this.#order}`);
    this.reload().then(() => byId("trades-head").querySelector("[aria-sort=ascending] button, [aria-sort=descending] button")?.focus());
  }

  #row(row) {
    const cell = (label, text, tone = "") => make("td", { "data-label": label, class: tone }, text);
    const tone = numbers.direction(row.result ?? row.share);
    const money = row.money.replace(/^-/, "−") || numbers.UNKNOWN;
    const held = row.opened === null ? numbers.UNKNOWN : times.duration(row.closed - row.opened);
    return make("tr", { on: { click: (event) => { if (!event.target.closest("button")) this.#onTrip(row); } } },
      make("th", { scope: "row" }, make("button", { type: "button", class: "quiet", title: row.told, on: { click: () => this.#onLine(row.seq) } }, times.dated(row.closed))),
      cell("Symbol", `${row.symbol ?? numbers.UNKNOWN}${row.short ? " short" : ""}`),
      cell("Held", held), cell("From", numbers.exact(row.entry)), cell("To", numbers.exact(row.exit)), cell("Size", numbers.exact(row.size)),
      cell("Result", row.share === null ? numbers.UNKNOWN : numbers.percent(row.share), tone),
      make("td", { "data-label": "In money", class: tone }, make("button", { type: "button", class: "quiet", title: "Show on the chart", on: { click: () => this.#onTrip(row) } }, money)),
      cell("Why closed", row.closed_why || row.reason, "words"));
  }
}
