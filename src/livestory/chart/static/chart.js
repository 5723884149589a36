// Wealth, price or result over time: what is looked at, and how the reader moves in it. Drawn by drawing.js.
import { ask } from "./api.js";
import { byId, make, press, say } from "./dom.js";
import { fallen, hue, markAt, marksOf, momentsAt, options, rows } from "./drawing.js";
import { named } from "./marks.js";
import * as numbers from "./numbers.js";
import { placed, put } from "./place.js";
import * as times from "./times.js";

const DAY = 86_400_000_000;
const OFTEN = 1000; // milliseconds between two looks at a story that goes on
const NAMES = { wealth: "Wealth", price: "Price", result: "Result" };

export class Chart {
  #plot = null; #data = null; #of = "wealth"; #days = 7; #view = null; #status = null; #asked = 0; #timer = 0; #tip = null;
  #focus = null; #onMark; #labels = []; #place; #loaded = 0; #loading = false; #refreshing = 0; #stale = false; #drag = null; #pointers = new Map();
  #moments = []; #chosen = -1; #onMoment; #chose = false; #symbol = null;

  /** onMark(seq): somebody asks for the line of a mark. onMoment(place): for a key moment. */
  constructor(onMark, onMoment) {
    this.#onMark = onMark;
    this.#onMoment = onMoment;
    this.#place = byId("plot");
    byId("quantity").addEventListener("click", (event) => {
      if (!event.target.dataset.of) return;
      this.#quantity(event.target.dataset.of);
      put("of", this.#of === "wealth" ? null : this.#of);
      this.#load();
    });
    byId("priced").addEventListener("change", () => { this.#choose(byId("priced").value); this.#load(); });
    byId("ranges").addEventListener("click", (event) => { if (event.target.dataset.days) { this.#chose = true; this.#range(Number(event.target.dataset.days)); } });
    this.#place.addEventListener("keydown", (event) => this.#key(event));
    this.#place.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      this.#place.addEventListener(name, (event) => this.#pointer(event), { capture: true });
    }
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  get isDrawn() { return this.#plot !== null; }

  /** In what the wealth is counted, and with how many decimals it is shown. */
  get unit() { return this.#status?.unit ?? null; }
  get decimals() { return this.#status?.decimals ?? 4; }

  /** What is known of a story: which curves it has. Of one that has no wealth, the next best is shown. */
  offer(known, priced) {
    const symbols = byId("priced");
    if (!priced.includes(this.#symbol)) this.#symbol = null;
    if (symbols.childElementCount !== priced.length) symbols.replaceChildren(...priced.map((value) => make("option", { value }, value)));
    if (priced.length) symbols.value = this.#symbol ?? (priced.includes(this.#status?.symbol) ? this.#status.symbol : priced[0]);
    symbols.hidden = this.#of !== "price" || priced.length < 2;
    for (const button of byId("quantity").children) button.hidden = !known[button.dataset.of];
    const first = ["wealth", "result", "price"].find((name) => known[name]);
    byId("quantity").hidden = Object.values(known).filter(Boolean).length < 2;
    byId("chart").hidden = !first;
    if (!known[this.#of] && first && first !== this.#of) {
      this.#quantity(first);
      this.#load();
    }
  }

  /** The key moments, which are shown as dots. */
  moments(moments) {
    this.#moments = moments;
    if (this.#chosen >= moments.length) this.#chosen = -1;
    if (!this.#plot) return;
    this.#legend();
    this.#plot.redraw(false);
  }

  /** Show a key moment; -1 is none. */
  async choose(place) {
    this.#chosen = place;
    const moment = this.#moments[place], [since, until] = this.#shown();
    if (moment && (moment.time < since || moment.time > until)) {
      const half = (until - since) / 2;
      await this.#look(moment.time - half, moment.time + half);
    }
    this.#plot?.redraw(false);
  }

  /** Show what the address says. */
  restore() {
    const of = placed("of"), range = placed("range"), [from, to] = [placed("from"), placed("to")].map((text) => (text === null ? NaN : Date.parse(text) * 1000));
    if (of in NAMES) this.#quantity(of);
    this.#symbol = placed("priced");
    this.#chose = range !== null || !Number.isNaN(from);
    this.#days = this.#chose && [0, 1, 7, 30, 365].includes(Number(range ?? 7)) ? Number(range ?? 7) : this.#first();
    this.#view = from < to ? [from, to] : null;
    this.#pressRange();
  }

  /** What a story begins with: of one that is over, all of it. */
  #first() { return this.#status?.state === "stopped" || this.#status?.clock === "bars" ? 0 : 7; }

  /** Begin with this status; the curve is asked for. */
  async begin(status) {
    this.#status = status;
    this.#data = this.#focus = null;
    this.restore();
    this.#plot?.destroy(); // it shows another story
    this.#plot = null;
    await this.#load();
  }

  /** A new status: what the bot has been heard of since is asked for. */
  status(status) {
    const before = this.#status;
    this.#status = status;
    if (before?.state === "loading" && status.state !== "loading") this.begin(status); // now it is known what to begin with
    else if (this.#stale || (before !== null && before.heard !== status.heard)) this.#refresh();
  }

  /** An event to mark. */
  line(event) {
    if (event.mark) this.#refresh();
  }

  /** Show where something happened, or from when to when; on a chart of prices, that of the symbol with which it did. */
  async find(since, until = since, symbol = null) {
    this.#focus = [since, until];
    if (this.#of === "price" && [...byId("priced").options].some(({ value }) => value === symbol) && symbol !== byId("priced").value) {
      this.#choose(symbol);
      await this.#load();
    }
    const view = this.#shown(), span = until - since;
    if (since < view[0] || until > view[1] || (span && span * 8 < view[1] - view[0])) {
      const half = span ? span * 2.5 : (view[1] - view[0]) / 2, middle = (since + until) / 2;
      await this.#look(middle - half, middle + half);
    }
    this.#draw();
    byId("chart-heading").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    this.#place.focus({ preventScroll: true });
  }

  /** Colours, zone or size have changed. */
  redraw() {
    this.#plot?.destroy();
    this.#plot = null;
    this.#draw();
  }

  #shown() {
    if (this.#view) return this.#view;
    const last = this.#data?.last ?? this.#status?.heard ?? 0;
    const first = this.#data?.first ?? this.#status?.first_time ?? last;
    return [this.#days ? Math.max(last - this.#days * DAY, Math.min(first, last - DAY / 24)) : first, last];
  }

  #choose(symbol) {
    byId("priced").value = this.#symbol = symbol;
    put("priced", symbol);
  }

  #quantity(of) {
    this.#of = of;
    byId("priced").hidden = of !== "price" || byId("priced").childElementCount < 2;
    press(byId("quantity"), byId("quantity").querySelector(`[data-of=${of}]`));
  }

  #range(days) {
    this.#days = days;
    this.#view = null;
    this.#focus = null;
    this.#pressRange();
    put("from", null);
    put("to", null);
    put("range", this.#chose ? days : null);
    return this.#load();
  }

  #pressRange() {
    for (const button of byId("ranges").children) button.setAttribute("aria-pressed", String(!this.#view && Number(button.dataset.days) === this.#days));
  }

  #look(since, until) {
    const last = this.#data?.last ?? until;
    const first = this.#data?.first ?? since;
    const span = Math.max(until - since, 4 * 60_000_000);
    const start = Math.min(Math.max(since, first - span * 0.2), last - span * 0.1);
    this.#view = [Math.round(start), Math.round(start + span)];
    this.#pressRange();
    put("from", new Date(this.#view[0] / 1000).toISOString().slice(0, 16) + "Z");
    put("to", new Date(this.#view[1] / 1000).toISOString().slice(0, 16) + "Z");
    this.#plot?.setScale("x", { min: this.#view[0] / 1e6, max: this.#view[1] / 1e6 });
    this.#later(120);
    return this.#waiting;
  }

  #waiting = Promise.resolve();
  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#waiting = new Promise((resolve) => { this.#timer = setTimeout(() => resolve(this.#load()), milliseconds); });
  }

  /** Ask anew, soon: what is on the chart is what the server says of that time, whether it was told before or since. */
  #refresh() {
    if (this.#refreshing) return;
    const wait = this.#loading ? OFTEN : Math.max(0, this.#loaded + OFTEN - Date.now());
    this.#refreshing = setTimeout(() => {
      this.#refreshing = 0;
      if (this.#loading) this.#refresh();
      else this.#load(false);
    }, wait);
  }

  async #load(visibly = true) {
    const asked = ++this.#asked;
    this.#loading = true;
    const [since, until] = this.#view ?? this.#newest();
    const margin = this.#view ? Math.round((until - since) / 2) : 0;
    const points = (this.#place.clientWidth < 600 ? 480 : 1200) * (margin ? 2 : 1); // front.py brings as many
    if (visibly) this.#place.toggleAttribute("data-busy", true);
    try {
      const end = this.#view ? until + margin : null;
      const data = await ask("api/series", { of: this.#of, symbol: this.#of === "price" ? this.#symbol : null, since: Math.max(0, Math.round(since - margin)), until: end, points });
      if (asked !== this.#asked) return;
      this.#data = data;
      this.#stale = false;
      this.#draw();
    } catch (error) {
      this.#stale = true;
      if (asked === this.#asked && !this.#data) this.#nothing(error.message);
    } finally {
      if (asked === this.#asked) {
        this.#place.toggleAttribute("data-busy", false);
        this.#loading = false;
        this.#loaded = Date.now();
      }
    }
  }

  #newest() {
    const last = this.#status?.heard ?? 0;
    return [this.#days ? Math.max(0, last - this.#days * DAY) : this.#status?.first_time ?? 0, last];
  }

  #nothing(words) {
    this.#plot?.destroy();
    this.#plot = null;
    this.#take();
    byId("plot-empty").hidden = false;
    say(byId("plot-empty"), words);
    this.#place.setAttribute("aria-label", words);
  }

  /** The place of the curve that the page came with. */
  #take() { this.#place.querySelector(".first-curve")?.remove(); }

  #size() {
    return { width: this.#place.clientWidth, height: this.#place.clientHeight };
  }

  #draw() {
    if (!this.#data || this.#data.times.length < 2) {
      const none = { price: "No price", wealth: "No reading", result: "Nothing closed" }[this.#of];
      this.#nothing(this.#data?.first != null && this.#data.first < this.#data.last ? `${none} in this time. “All” shows what is known.` : `${none} yet. The curve begins with the first ones.`);
      return;
    }
    byId("plot-empty").hidden = true;
    this.#legend();
    const [since, until] = this.#shown();
    // Another kind of curve has another scale beneath it.
    const kind = `${this.#of} ${Boolean(this.#data.candles?.length)} ${fallen(this.#data)}`;
    if (this.#plot && this.#plot.of !== kind) { this.#plot.destroy(); this.#plot = null; }
    if (this.#plot) this.#plot.setData(rows(this.#data), false);
    else {
      this.#take();
      const scene = () => ({ data: this.#data, labels: this.#labels, focus: this.#focus, moments: this.#of === "price" ? [] : this.#moments, chosen: this.#chosen });
      this.#plot = new uPlot(options(this.#size(), scene, {
        bind: {
          dblclick: () => () => { this.#range(this.#days); return null; },
          mousedown: (_plot, _target, handle) => (event) => (event.shiftKey ? null : handle(event)),
        },
        selected: (plot) => this.#selected(plot), hover: (plot) => this.#hover(plot), click: (plot, event) => this.#click(plot, event),
      }), rows(this.#data), this.#place);
      this.#plot.of = kind;
    }
    this.#plot.setScale("x", { min: since / 1e6, max: until / 1e6 });
    this.#describe(since, until);
  }

  #describe(since, until) {
    const { times: at, values, holding } = this.#data;
    const places = at.map((_, place) => place).filter((place) => at[place] >= since && at[place] <= until && values[place] !== null);
    if (!places.length) return;
    const shown = places.map((place) => values[place]), text = (value) => this.#text(value);
    const marks = this.#data.marks.reduce((sum, [, time, , count = 1]) => sum + (time >= since && time <= until ? count : 0), 0);
    const held = holding?.[places.at(-1)] ?? null;
    this.#place.setAttribute("aria-label",
      `${[NAMES[this.#of], this.#data.symbol].filter(Boolean).join(" of ")} from ${times.moment(since)} to ${times.moment(until)}: ` +
      `from ${text(shown[0])} to ${text(shown.at(-1))}, lowest ${text(Math.min(...shown))}, highest ${text(Math.max(...shown))}; ` +
      `${held === null ? "" : `holding would have come to ${text(held)}; `}${marks} events marked.`);
  }

  #text(value) {
    if (this.#of === "price") return numbers.exact(value);
    const unit = (this.#of === "result" ? this.#data.unit : this.#status?.unit) ?? "";
    return `${numbers.fixed(value, this.#status?.decimals ?? 4)} ${unit}`;
  }

  #legend() {
    const labels = [...new Set(this.#data.regimes.map(([, , label]) => label))].filter(Boolean).sort();
    const base = (this.#status?.symbol ?? "").split("/")[0];
    const seen = new Set(this.#data.marks.map(([, , what]) => what));
    const parts = [
      this.#data.candles?.length ? make("span", { class: "candles" }, `candles of ${times.duration(this.#data.candles[0][1] - this.#data.candles[0][0])}`)
        : make("span", { class: "line-wealth" }, NAMES[this.#of].toLowerCase()),
      this.#data.holding?.some((value) => value !== null) ? make("span", { class: "line-holding" }, `holding ${base || "it"}, from the same point`) : null,
      this.#data.drawdown?.some((fall) => fall < 0) ? make("span", { class: "line-fall" }, "drawdown from the highest before") : null,
      ...[["buy", "buy"], ["sell", "sell"], ["ath", "all-time high"], ["breaker", "breaker"], ["phoenix", "Phoenix"]]
        .filter(([what]) => seen.has(what)).map(([what, words]) => make("span", { class: `mark-${what}` }, words)),
      this.#data.halts.some(([, , label]) => label) ? make("span", { class: "swatch-halt" }, "halted") : null,
      (this.#data.flows ?? []).length ? make("span", { class: "mark-flow" }, "deposit, withdrawal") : null,
      this.#moments.length && this.#of !== "price" ? make("span", { class: "mark-moment" }, "key moment") : null,
      ...labels.map((label) => make("span", { class: `regime regime-${hue(label, labels)}` }, label)),
    ].filter(Boolean);
    this.#labels = labels;
    const key = parts.map((part) => part.className + part.textContent).join();
    if (byId("legend-parts").dataset.key === key) return;
    byId("legend-parts").dataset.key = key;
    byId("legend-parts").replaceChildren(...parts);
  }

  /** What is at a place of the chart: { moment } or { mark }; null for nothing. */
  #near(plot, left, top) {
    let best = null, least = 14;
    const look = (found, [x, y], nearer) => {
      const distance = Math.hypot(x - left, y - top) - nearer;
      if (distance < least) [best, least] = [found, distance];
    };
    for (const mark of marksOf(plot, this.#data)) look({ mark }, markAt(plot, this.#data, mark, false), 0);
    if (this.#of !== "price") momentsAt(plot, this.#data, this.#moments, false).forEach((at, place) => look({ moment: this.#moments[place], place, at }, at, 5));
    return best;
  }

  #hover(plot) {
    const { left, top, idx } = plot.cursor;
    const readout = byId("readout");
    if (idx === null || idx === undefined || left < 0) {
      say(readout, "");
      this.#tipFor(null);
      return;
    }
    const held = this.#data.holding?.[idx] ?? null, fall = this.#data.drawdown?.[idx] ?? null;
    const value = plot.data[1][idx], candle = this.#data.candles?.[idx - this.#data.times.length + this.#data.candles.length];
    say(readout, candle ? `${times.dated(candle[0])}   ${["open", "high", "low", "close"].map((name, at) => `${name} ${this.#text(candle[2 + at])}`).join("  ")}` : [
      `${times.dated(plot.data[0][idx] * 1e6)}   ${value === null ? "not held" : this.#text(value)}`,
      held === null ? "" : `holding ${this.#text(held)}`,
      fall === null ? "" : `drawdown ${numbers.percent(fall)}`,
    ].filter(Boolean).join("   "));
    const found = this.#near(plot, left, top);
    plot.over.style.cursor = found ? "pointer" : "crosshair";
    this.#tipFor(found, plot);
  }

  async #tipFor(found, plot) {
    const key = found ? `${found.moment ? "moment" : found.mark.what} ${(found.moment ?? found.mark).time}` : null;
    if ((this.#tip?.key ?? null) === key) return;
    this.#tip?.element.remove();
    this.#tip = null;
    if (!found) return;
    const element = make("div", { class: "marker-tip" });
    this.#tip = { key, element };
    try {
      element.textContent = await this.#said(found);
      if (this.#tip?.element !== element) return;
      const [x, y] = found.at ?? markAt(plot, this.#data, found.mark, false);
      plot.over.append(element);
      element.style.left = `${Math.max(0, Math.min(x - element.offsetWidth / 2, plot.over.clientWidth - element.offsetWidth))}px`;
      element.style.top = y > 60 ? `${y - element.offsetHeight - 12}px` : `${y + 14}px`;
    } catch { /* the line is only a click away */ }
  }

  async #said({ moment, mark }) {
    if (moment) return `${moment.title}: ${moment.told}`;
    if (mark.until > mark.time) return `${named(mark)}, ${times.near(mark.time, 0)} to ${times.near(mark.until, mark.time)}. Click ${this.#around(mark) ? "to look closer" : "for the first of them"}.`;
    return (await ask(`api/events/${mark.seq}`)).line.split(" | ").slice(1, 3).join(" ");
  }

  #click(plot, event) {
    const box = plot.over.getBoundingClientRect();
    const found = this.#near(plot, event.clientX - box.left, event.clientY - box.top);
    if (found?.moment) this.#onMoment(found.place);
    else if (found) {
      const around = this.#around(found.mark);
      if (around) this.#look(...around);
      else this.#onMark(found.mark.seq);
    }
  }

  /** From when to when to look at what a mark gathers; null where it is one event, or several that come no further apart. */
  #around({ time, until }) {
    const [from, to] = this.#shown(), space = Math.max((until - time) * 0.4, Math.min(DAY, to - from) / 8);
    return time === until || until - time + 2 * space > 0.9 * (to - from) ? null : [time - space, until + space];
  }

  #selected(plot) {
    const { left, width } = plot.select;
    if (width < 6) return;
    const at = (position) => plot.posToVal(position, "x") * 1e6;
    const [since, until] = [at(left), at(left + width)];
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.#look(since, until);
  }

  #zoom(factor, centre = 0.5) {
    const [since, until] = this.#shown();
    const span = Math.min((until - since) * factor, Math.max(this.#data.last - this.#data.first, DAY) * 1.5);
    const pivot = since + (until - since) * centre;
    this.#look(pivot - span * centre, pivot + span * (1 - centre));
  }

  #pan(share) {
    const [since, until] = this.#shown();
    const by = (until - since) * share;
    this.#look(since + by, until + by);
  }

  #key(event) {
    const act = {
      ArrowLeft: () => this.#pan(-0.2), ArrowRight: () => this.#pan(0.2), "+": () => this.#zoom(0.6), "=": () => this.#zoom(0.6),
      "-": () => this.#zoom(1.6), 0: () => this.#range(this.#days), Home: () => this.#range(0), End: () => this.#range(this.#days),
    }[event.key];
    if (!act || !this.#data || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  #wheel(event) {
    if (!this.#plot || !this.#data) return;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!sideways && !event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const box = this.#plot.over.getBoundingClientRect();
    if (sideways) this.#pan(event.deltaX / box.width);
    else this.#zoom(Math.exp(event.deltaY * 0.004), Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)));
  }

  /** Fingers move and pinch; a mouse moves with Shift, and else selects what to zoom into (uPlot's own doing). */
  #pointer(event) {
    if (!this.#plot) return;
    const touch = event.pointerType !== "mouse";
    if (event.type === "pointerdown" && (touch || event.shiftKey)) {
      this.#pointers.set(event.pointerId, event.clientX);
      this.#drag = this.#shown();
    } else if (event.type === "pointermove" && this.#pointers.has(event.pointerId)) {
      const before = [...this.#pointers.values()];
      this.#pointers.set(event.pointerId, event.clientX);
      const after = [...this.#pointers.values()], width = this.#plot.over.clientWidth;
      const middle = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
      if (after.length > 1) {
        const apart = (list) => Math.max(20, Math.abs(list[0] - list[1]));
        this.#zoom(apart(before) / apart(after));
      }
      if (middle(before) !== middle(after)) this.#pan((middle(before) - middle(after)) / width);
    } else if (event.type === "pointerup" || event.type === "pointercancel") {
      this.#pointers.delete(event.pointerId);
    }
    if (this.#pointers.size && !touch) event.stopPropagation();
  }
}
