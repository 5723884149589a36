// Wealth or price over time, with what happened: marks, a ribbon of regimes, halts in the background.
import { ask } from "./api.js";
import { byId, make, press, say } from "./dom.js";
import * as numbers from "./numbers.js";
import * as times from "./times.js";

const DAY = 86_400_000_000;
const OFTEN = 1000; // milliseconds between two looks at a story that goes on
const COLOURS = ["--regime", "--ath", "--phoenix", "--muted"];
const NAMED = { TREND: 0, MEAN_REV: 1 };
const GLYPHS = {
  buy: ["▲", "--buy", 13], sell: ["▼", "--sell", -13], ath: ["◆", "--ath", -13], breaker: ["✖", "--bad", -15], halted: ["✖", "--bad", -15],
  phoenix: ["★", "--phoenix", -15], unhalted: ["★", "--phoenix", -15],
};

export class Chart {
  #plot = null; #data = null; #of = "wealth"; #days = 7; #view = null; #status = null; #asked = 0; #timer = 0; #tip = null;
  #focus = null; #onMark; #labels = []; #place; #loaded = 0; #loading = false; #refreshing = 0; #stale = false; #drag = null; #pointers = new Map();

  /** onMark(seq): somebody asks for the line of a mark. */
  constructor(onMark) {
    this.#onMark = onMark;
    this.#place = byId("plot");
    byId("quantity").addEventListener("click", (event) => {
      if (!event.target.dataset.of) return;
      press(byId("quantity"), event.target);
      this.#of = event.target.dataset.of;
      this.#load();
    });
    byId("ranges").addEventListener("click", (event) => { if (event.target.dataset.days) this.#range(Number(event.target.dataset.days)); });
    this.#place.addEventListener("keydown", (event) => this.#key(event));
    this.#place.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      this.#place.addEventListener(name, (event) => this.#pointer(event), { capture: true });
    }
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  /** Begin with this status; the curve is asked for. */
  async begin(status) {
    this.#status = status;
    this.#view = this.#data = this.#focus = null;
    this.#plot?.destroy(); // it shows another story
    this.#plot = null;
    await this.#load();
  }

  /** A new status: what the bot has been heard of since is asked for. */
  status(status) {
    const before = this.#status;
    this.#status = status;
    if (this.#stale || (before !== null && before.heard !== status.heard)) this.#refresh();
  }

  /** An event to mark. */
  line(event) {
    if (event.mark) this.#refresh();
  }

  /** Show where an event happened. */
  async find(event) {
    this.#focus = event.time;
    const view = this.#shown();
    if (event.time < view[0] || event.time > view[1]) {
      const half = (view[1] - view[0]) / 2;
      await this.#look(event.time - half, event.time + half);
    }
    this.#draw();
    byId("chart-heading").scrollIntoView({ block: "start", behavior: "smooth" });
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

  #range(days) {
    this.#days = days;
    this.#view = null;
    this.#focus = null;
    for (const button of byId("ranges").children) button.setAttribute("aria-pressed", String(Number(button.dataset.days) === days));
    return this.#load();
  }

  #look(since, until) {
    const last = this.#data?.last ?? until;
    const first = this.#data?.first ?? since;
    const span = Math.max(until - since, 4 * 60_000_000);
    const start = Math.min(Math.max(since, first - span * 0.2), last - span * 0.1);
    this.#view = [Math.round(start), Math.round(start + span)];
    for (const button of byId("ranges").children) button.setAttribute("aria-pressed", "false");
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
    const points = Math.max(200, Math.min(2000, Math.round(this.#place.clientWidth * 1.2) * (margin ? 2 : 1)));
    if (visibly) this.#place.toggleAttribute("data-busy", true);
    try {
      const end = this.#view ? until + margin : null;
      const data = await ask("api/series", { of: this.#of, since: Math.max(0, Math.round(since - margin)), until: end, points });
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
    byId("plot-empty").hidden = false;
    say(byId("plot-empty"), words);
    this.#place.setAttribute("aria-label", words);
  }

  #size() {
    return { width: this.#place.clientWidth, height: this.#place.clientHeight };
  }

  #draw() {
    if (!this.#data || this.#data.times.length < 2) {
      this.#nothing(this.#of === "price" ? "No price yet. The curve begins with the first ones." : "No reading yet. The curve begins with the first ones.");
      return;
    }
    byId("plot-empty").hidden = true;
    this.#legend();
    const rows = [this.#data.times.map((time) => time / 1e6), this.#data.values];
    const [since, until] = this.#shown();
    if (this.#plot) this.#plot.setData(rows, false);
    else this.#plot = new uPlot(this.#options(), rows, this.#place);
    this.#plot.setScale("x", { min: since / 1e6, max: until / 1e6 });
    this.#describe(since, until);
  }

  #describe(since, until) {
    const { times: at, values } = this.#data;
    const shown = values.filter((_, place) => at[place] >= since && at[place] <= until);
    if (!shown.length) return;
    const text = (value) => this.#text(value);
    const marks = this.#data.marks.filter(([, time]) => time >= since && time <= until).length;
    this.#place.setAttribute("aria-label",
      `${this.#of === "wealth" ? "Wealth" : "Price"} from ${times.moment(since)} to ${times.moment(until)}: ` +
      `from ${text(shown[0])} to ${text(shown.at(-1))}, lowest ${text(Math.min(...shown))}, highest ${text(Math.max(...shown))}; ${marks} events marked.`);
  }

  #text(value) {
    return this.#of === "wealth" ? `${numbers.fixed(value, this.#status?.decimals ?? 4)} ${this.#status?.unit ?? ""}` : numbers.exact(value);
  }

  #legend() {
    const labels = [...new Set(this.#data.regimes.map(([, , label]) => label))].filter(Boolean).sort();
    if (labels.join() === this.#labels.join()) return;
    this.#labels = labels;
    byId("regimes").replaceChildren(...labels.map((label) => make("span", { class: `regime-${this.#hue(label)}` }, label)));
  }

  #hue(label) {
    return NAMED[label] ?? Math.min(2 + this.#labels.filter((other) => !(other in NAMED)).indexOf(label), 3);
  }

  #options() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const paint = Object.fromEntries([...COLOURS, "--accent", "--area", "--halt-area", "--muted", "--hair", "--ink", "--bad", "--buy", "--sell", "--paper"].map((name) => [name, colour(name)]));
    const font = `11px ${colour("--sans")}`;
    const axis = { stroke: paint["--muted"], font, ticks: { show: false }, grid: { stroke: paint["--hair"], width: 1 } };
    return {
      ...this.#size(),
      padding: [14, 22, 0, 0],
      legend: { show: false },
      tzDate: (seconds) => (times.isLocal() ? new Date(seconds * 1000) : uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC")),
      cursor: { y: false, points: { size: 7, fill: paint["--accent"] }, drag: { x: true, y: false, setScale: false }, 
        bind: {
          dblclick: () => () => { this.#range(this.#days); return null; },
          mousedown: (_plot, _target, handle) => (event) => (event.shiftKey ? null : handle(event)),
        } },
      scales: { x: { time: true }, y: { range: (_plot, low, high) => padded(low, high) } },
      axes: [
        { ...axis, size: 28, space: 70, values: (_plot, splits, _index, _space, step) => splits.map((split) => tickText(split, step)) },
        { ...axis, size: 58, space: 38, values: (_plot, splits) => evenly(splits) },
      ],
      series: [{}, { stroke: paint["--accent"], width: 1.6, fill: paint["--area"], points: { show: false } }],
      hooks: {
        // A drawing that was begun before the plot was destroyed still calls these.
        drawClear: [(plot) => this.#data && this.#drawBehind(plot, paint)],
        draw: [(plot) => this.#data && this.#drawMarks(plot, colour, paint)],
        setSelect: [(plot) => this.#selected(plot)],
        setCursor: [(plot) => this.#hover(plot)],
        ready: [(plot) => plot.over.addEventListener("click", (event) => this.#click(plot, event))],
      },
    };
  }

  #drawBehind(plot, paint) {
    const { ctx, bbox } = plot;
    const x = (time) => Math.max(bbox.left, Math.min(bbox.left + bbox.width, plot.valToPos(time / 1e6, "x", true)));
    ctx.save();
    ctx.fillStyle = paint["--halt-area"];
    for (const [start, end, label] of this.#data.halts) {
      if (label) ctx.fillRect(x(start), bbox.top, Math.max(1, x(end) - x(start)), bbox.height);
    }
    if (this.#focus !== null) {
      ctx.fillStyle = paint["--accent"];
      ctx.fillRect(x(this.#focus) - devicePixelRatio, bbox.top, 2 * devicePixelRatio, bbox.height);
    }
    ctx.restore();
  }

  #drawMarks(plot, colour, paint) {
    const { ctx, bbox } = plot;
    ctx.save();
    const x = (time) => Math.max(bbox.left, Math.min(bbox.left + bbox.width, plot.valToPos(time / 1e6, "x", true)));
    const height = 4 * devicePixelRatio;
    for (const [start, end, label] of this.#data.regimes) {
      ctx.fillStyle = paint[COLOURS[this.#hue(label)]];
      if (label && x(end) > x(start)) ctx.fillRect(x(start), bbox.top + bbox.height - height, x(end) - x(start), height);
    }
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const urgent = ([, , what]) => (what === "buy" || what === "sell" || what === "ath" ? 0 : 1); // these lie on top
    for (const mark of [...this.#data.marks].sort((a, b) => urgent(a) - urgent(b))) {
      const glyph = GLYPHS[mark[2]];
      if (!glyph) continue;
      const [x, y] = this.#markAt(plot, mark, true);
      if (x < bbox.left - 4 || x > bbox.left + bbox.width + 4) continue;
      const size = (urgent(mark) ? 15 : 10) * devicePixelRatio;
      ctx.font = `${size}px "DejaVu Sans", sans-serif`;
      ctx.lineWidth = 3 * devicePixelRatio;
      ctx.strokeStyle = paint["--paper"];
      ctx.strokeText(glyph[0], x, y);
      ctx.fillStyle = colour(glyph[1]);
      ctx.fillText(glyph[0], x, y);
    }
    ctx.restore();
  }

  /** Where a mark is drawn: at its time, over or under the curve. */
  #markAt(plot, [, time, what], inCanvas) {
    const { times: at, values } = this.#data;
    let low = 0, high = at.length - 1;
    while (low < high) { const middle = (low + high) >> 1; if (at[middle] < time) low = middle + 1; else high = middle; }
    const before = Math.max(0, low - 1);
    const share = at[low] > at[before] ? Math.min(1, Math.max(0, (time - at[before]) / (at[low] - at[before]))) : 1;
    const value = values[before] + (values[low] - values[before]) * share;
    const unit = inCanvas ? devicePixelRatio : 1;
    const top = inCanvas ? plot.bbox.top : 0, height = inCanvas ? plot.bbox.height : plot.over.clientHeight;
    const y = plot.valToPos(value, "y", inCanvas) + GLYPHS[what][2] * unit;
    return [plot.valToPos(time / 1e6, "x", inCanvas), Math.min(top + height - 8 * unit, Math.max(top + 8 * unit, y))];
  }

  #near(plot, left, top) {
    let best = null, least = 14;
    for (const mark of this.#data.marks) {
      if (!GLYPHS[mark[2]]) continue;
      const [x, y] = this.#markAt(plot, mark, false);
      const distance = Math.hypot(x - left, y - top);
      if (distance < least) [best, least] = [mark, distance];
    }
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
    say(readout, `${times.moment(plot.data[0][idx] * 1e6)}   ${this.#text(plot.data[1][idx])}`);
    const mark = this.#near(plot, left, top);
    plot.over.style.cursor = mark ? "pointer" : "crosshair";
    this.#tipFor(mark, plot);
  }

  async #tipFor(mark, plot) {
    if (this.#tip?.seq === mark?.[0]) return;
    this.#tip?.element.remove();
    this.#tip = null;
    if (!mark) return;
    const element = make("div", { class: "marker-tip" });
    this.#tip = { seq: mark[0], element };
    try {
      const event = await ask(`api/events/${mark[0]}`);
      if (this.#tip?.element !== element) return;
      element.textContent = event.line.split(" | ").slice(1, 3).join(" ");
      const [x, y] = this.#markAt(plot, mark, false);
      plot.over.append(element);
      element.style.left = `${Math.max(0, Math.min(x - element.offsetWidth / 2, plot.over.clientWidth - element.offsetWidth))}px`;
      element.style.top = y > 60 ? `${y - element.offsetHeight - 12}px` : `${y + 14}px`;
    } catch { /* the line is only a click away */ }
  }

  #click(plot, event) {
    const box = plot.over.getBoundingClientRect();
    const mark = this.#near(plot, event.clientX - box.left, event.clientY - box.top);
    if (mark) this.#onMark(mark[0]);
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

function padded(low, high) {
  if (low === null) return [0, 1];
  const space = (high - low) * 0.12 || Math.abs(high) * 0.01 || 1;
  return [low - space, high + space];
}

/** Numbers with the same decimals: as many as their distance needs. */
function evenly(splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  const size = Math.floor(Math.log10(step) + 1e-9);
  const round = Math.abs(step / 10 ** size - Math.round(step / 10 ** size)) < 1e-6; // 0.25 needs one more than 0.2
  const decimals = Math.max(0, Math.min(10, (round ? 0 : 1) - size));
  return splits.map((split) => split.toFixed(decimals));
}

function tickText(seconds, step) {
  const micros = seconds * 1e6;
  if (step >= 28 * 86400) return times.month(micros);
  if (step >= 86400) return times.shortDay(micros);
  const text = times.clock(micros);
  return text === "00:00" ? times.shortDay(micros) : text;
}
