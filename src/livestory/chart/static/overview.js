// The story at a glance: its verdict, its key moments, figures, months and trades, read again as the story goes on.
import { ask } from "./api.js";
import { byId, say } from "./dom.js";
import { beginMonths, showFigures, showMonths, since } from "./figures.js";
import { Moments } from "./moments.js";
import { Trades } from "./trades.js";

const OFTEN = 1000; // milliseconds between two looks, as often as the chart does

export class Overview {
  #moments; #trades; #chart; #timer = 0; #read = 0; #generation = 0;

  constructor(chart, onLine) {
    this.#chart = chart;
    beginMonths();
    this.#moments = new Moments((place) => chart.choose(place), onLine);
    this.#trades = new Trades((row) => chart.find(row.opened ?? row.closed, row.closed, row.symbol), onLine);
  }

  choose(place) { this.#moments.choose(place); }

  /** A part of the page is looked at. */
  shown(name) { if (name === "trades") this.#trades.look(); }

  /** It is printed: what else is a click away. */
  all() { return this.#trades.all(); }

  /** Something was heard: look again, soon. */
  refresh() {
    if (this.#timer) return;
    this.#timer = setTimeout(() => this.reload(), Math.max(50, this.#read + OFTEN - Date.now()));
  }

  async reload() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#read = Date.now();
    const generation = ++this.#generation, { review } = await ask("api/review").catch(() => ({ review: null }));
    if (generation !== this.#generation) return;
    byId("verdict").hidden = byId("tabs").hidden = review === null;
    if (review === null) return;
    byId("verdict").hidden = !review.curves.wealth && !review.trades;
    say(byId("verdict"), `${review.verdict[0].toUpperCase()}${review.verdict.slice(1)}.`);
    say(byId("figures-since"), since(review));
    this.#moments.show(review.moments);
    this.#chart.moments(review.moments);
    showFigures(review.figures);
    showMonths(review.months, this.#chart.unit, this.#chart.decimals);
    this.#trades.offer(review);
    byId("tab-trades").hidden = !review.trades;
    say(byId("tab-trades"), `Trades (${review.trades.toLocaleString("en-US")})`);
    this.#chart.offer(review.curves, review.priced);
  }

  redraw() {
    this.#moments.redraw();
    this.#trades.redraw();
  }
}
