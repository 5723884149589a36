// The story, newest line first. The lines are the bot's; this only sets them in columns.
import { address, ask } from "./api.js";
import { byId, make, say, toast } from "./dom.js";
import * as numbers from "./numbers.js";
import { placed, put } from "./place.js";
import { openTab } from "./tabs.js";
import * as times from "./times.js";

const PAGE = 60;
const LONGEST = 10_000; // characters of a line that are shown; its record has them all
const ROUNDS = 25; // pages that a search asks for before it waits for the reader
const MOST = 1500; // lines kept on a page that is left open; older ones come back on scrolling

export class Story {
  #lines = []; #next = null; #generation = 0; #busy = false; #groups = new Set(); #offered = []; #words = ""; #waiting = []; #arrived = null; #detached = false;
  #kinds = {}; #unshown = {}; #everything = false; #onFind; #onNewest; #last = 0; #oldestFirst = false; #linesOnly;

  /** onFind(event): somebody asks where in the chart an event is. onNewest(seq): lines up to that one will be shown.
   * linesOnly: there is no record behind a line; it leads to the chart. */
  constructor(onFind, onNewest, linesOnly = false) {
    this.#linesOnly = linesOnly;
    this.#onFind = onFind;
    this.#onNewest = onNewest;
    byId("older").addEventListener("click", () => this.#more());
    byId("fresh").addEventListener("click", () => this.#flush(true));
    byId("newest").addEventListener("click", () => this.reload());
    byId("everything").addEventListener("click", () => { this.#showEverything(!this.#everything); this.reload(); });
    byId("order")?.addEventListener("click", () => { this.#turn(); this.reload(); });
    byId("copy").addEventListener("click", () => this.#copy(this.#lines.map((event) => event.line).reverse().join("\n"), `${this.#lines.length} lines copied`));
    byId("search-form").addEventListener("submit", (event) => { event.preventDefault(); this.#search(); });
    let typing = 0;
    byId("search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => this.#search(), 250); });
    byId("lines").addEventListener("click", (event) => this.#toggle(event.target.closest(".line > button")));
    new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) this.#more(); }, { rootMargin: "600px" }).observe(byId("older"));
    addEventListener("scroll", () => { if (this.#waiting.length && !this.#detached && !this.#isReading()) this.#flush(false); }, { passive: true });
  }

  /** The seq of the newest event known. */
  get last() { return this.#last; }

  /** The filters to offer: names, each with the kinds that it shows. */
  offer(groups) { this.#offered = Object.entries(groups); }

  /** The counts of every kind, and of those of it that the story leaves out, for the filters. */
  kinds(kinds, unshown) {
    if (JSON.stringify([kinds, unshown]) === JSON.stringify([this.#kinds, this.#unshown])) return;
    [this.#kinds, this.#unshown] = [kinds, unshown];
    byId("everything").hidden = !Object.keys(unshown).length && !this.#everything;
    this.#drawFilters();
  }

  /** Show what the address says: filters, words, everything. */
  restore() {
    this.#groups = new Set((placed("filter") ?? "").split(",").filter((name) => this.#offered.some(([known]) => known === name)));
    this.#words = (placed("q") ?? "").trim().toLowerCase();
    byId("search").value = placed("q") ?? "";
    if (placed("all") === "1") this.#showEverything(true);
    if (placed("order") === "oldest" && byId("order") && !this.#oldestFirst) this.#turn();
    this.#drawFilters();
  }

  #turn() {
    this.#oldestFirst = !this.#oldestFirst;
    say(byId("order"), this.#oldestFirst ? "Oldest first" : "Newest first");
    put("order", this.#oldestFirst ? "oldest" : null);
  }

  /** Begin anew at the newest line, or around the line of that seq. */
  async reload(around = null) {
    const generation = ++this.#generation;
    this.#busy = true;
    this.#waiting = [];
    this.#arrived = []; // lines told while the page of lines is on its way, which may lack them
    this.#drawFresh();
    if (around !== null) { this.#groups.clear(); this.#words = ""; byId("search").value = ""; this.#drawFilters(); }
    put("filter", [...this.#groups].join(","));
    put("q", this.#words);
    try {
      const page = await this.#page(around === null ? null : this.#oldestFirst ? Math.max(0, around - PAGE / 2) : around + PAGE / 2);
      await this.#onNewest(page.events[0]?.seq ?? 0);
      if (generation !== this.#generation) return;
      this.#lines = page.events;
      this.#next = page.next;
      this.#detached = around !== null && this.#lines.length > 0 && this.#lines[0].seq < this.#last;
      if (!this.#detached && this.#lines.length && !this.#filtered) this.#last = Math.max(this.#last, this.#lines[0].seq);
      byId("detached").hidden = !this.#detached;
      this.#drawAll();
    } catch (error) {
      if (generation === this.#generation) {
        this.#lines = [];
        this.#next = null;
        this.#empty(`The lines could not be read: ${error.message}`);
      }
    } finally {
      if (generation === this.#generation) {
        this.#busy = false;
        this.#takeArrived();
      }
    }
    if (generation === this.#generation && this.#lines.length < PAGE / 2) await this.#more();
  }

  /** A line that has just been told. */
  line(event) {
    if (event.shown === false && !this.#everything) return;
    this.#last = Math.max(this.#last, event.seq);
    if (this.#arrived) { this.#arrived.push(event); return; }
    if (!this.#matches(event)) return;
    if (this.#detached || this.#isReading()) {
      this.#waiting.unshift(event);
      this.#drawFresh();
    } else this.#arrive([event]);
    say(byId("live"), event.line.split(" | ").slice(1, 3).join(": "));
  }

  #showEverything(yes) {
    this.#everything = yes;
    byId("everything").setAttribute("aria-pressed", String(yes));
    put("all", yes ? 1 : null);
    this.#drawFilters();
  }

  #takeArrived() {
    const arrived = this.#arrived, newest = this.#lines[0]?.seq ?? 0;
    this.#arrived = null;
    for (const event of arrived) if (event.seq > newest) this.line(event);
  }

  /** Show the line of that seq, wherever it is. */
  async find(seq) {
    openTab("story");
    if (!byId(`e${seq}`)) await this.reload(seq);
    if (!byId(`e${seq}`) && Object.keys(this.#unshown).length) { this.#showEverything(true); await this.reload(seq); }
    const line = byId(`e${seq}`);
    if (!line) { toast(`There is no line ${seq}.`); return; }
    for (const other of document.querySelectorAll(".found")) other.classList.remove("found");
    line.classList.add("found");
    line.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    line.querySelector("button").focus({ preventScroll: true });
  }

  /** The zone has changed. */
  redraw() { this.#drawAll(); }

  get #filtered() { return this.#groups.size > 0 || this.#words !== ""; }

  #chosen() {
    if (!this.#groups.size) return null;
    return this.#offered.filter(([name]) => this.#groups.has(name)).flatMap(([, kinds]) => kinds);
  }

  #matches(event) {
    const kinds = this.#chosen();
    if (kinds && !kinds.includes(event.kind)) return false;
    return event.line.toLowerCase().includes(this.#words);
  }

  #page(before) {
    return ask("api/events", { before, kind: this.#chosen()?.join(","), q: this.#words, limit: PAGE, all: this.#everything ? 1 : null, ...(this.#oldestFirst ? { order: "oldest" } : {}) });
  }

  #search() {
    const words = byId("search").value.trim().toLowerCase();
    if (words === this.#words) return;
    this.#words = words;
    this.reload();
  }

  async #more() {
    if (this.#busy || this.#next === null) return;
    this.#busy = true;
    this.#drawEnd();
    const generation = this.#generation;
    try {
      // A search looks at a bounded number of lines at a time: go on until there is something to show.
      for (let found = 0, asked = 0; this.#next !== null && found < PAGE / 2 && asked < ROUNDS; asked++) {
        const page = await this.#page(this.#next);
        if (generation !== this.#generation) return;
        this.#next = page.next;
        this.#lines.push(...page.events);
        found += page.events.length;
        this.#append(page.events);
      }
    } catch (error) {
      toast(`Older lines could not be read: ${error.message}`);
    } finally {
      if (generation === this.#generation) { this.#busy = false; this.#drawEnd(); }
    }
  }

  /** Read on to the end, or as far as anybody would print. */
  async all(most = MOST) {
    while (this.#next !== null && this.#lines.length < most) await this.#more();
  }

  #isReading() { return byId("lines").getBoundingClientRect().top < -60; }

  #flush(scroll) {
    if (this.#detached) { this.reload().then(() => byId("story-heading").scrollIntoView()); return; }
    const events = this.#waiting;
    this.#waiting = [];
    this.#drawFresh();
    this.#arrive(events);
    if (scroll) { byId("story-heading").scrollIntoView(); byId("story-heading").focus({ preventScroll: true }); }
  }

  #arrive(events) {
    for (const event of [...events].reverse()) {
      this.#lines.unshift(event);
      const first = byId("lines").querySelector(".day-group");
      const line = this.#line(event);
      line.classList.add("new");
      if (first?.dataset.day === times.day(event.time)) first.querySelector("ol").prepend(line);
      else byId("lines").prepend(this.#group(event, line));
    }
    if (this.#lines.length > MOST && !this.#isReading()) {
      this.#lines.length = MOST - 500;
      this.#next = this.#lines.at(-1).seq;
      this.#drawAll();
    }
    this.#drawEnd();
  }

  #append(events) {
    for (const event of events) {
      const groups = byId("lines").querySelectorAll(".day-group");
      const last = groups[groups.length - 1];
      const line = this.#line(event);
      if (last?.dataset.day === times.day(event.time)) last.querySelector("ol").append(line);
      else byId("lines").append(this.#group(event, line));
    }
    this.#drawEnd();
  }

  #drawAll() {
    byId("lines").replaceChildren();
    this.#append(this.#lines);
  }

  #drawEnd() {
    const none = !this.#lines.length;
    byId("older").hidden = this.#next === null;
    say(byId("older"), none ? "Search further back" : "Older lines");
    byId("begin").hidden = this.#next !== null || none || this.#filtered;
    if (!none) byId("empty").hidden = true;
    else if (this.#busy && this.#next !== null) this.#empty("Searching …");
    else this.#empty(this.#nothing());
  }

  /** Why there is no line to show. */
  #nothing() {
    if (!this.#filtered) return "No line yet. The first one appears here by itself.";
    const kinds = ["", " of this kind", " of these kinds"][Math.min(this.#groups.size, 2)];
    const far = this.#next === null ? "" : ` as far back as line ${this.#next}`;
    return this.#words ? `No line${kinds} has “${this.#words}”${far}.` : `No line${kinds}${far}.`;
  }

  #empty(words) {
    byId("lines").replaceChildren();
    byId("empty").hidden = false;
    say(byId("empty"), words);
  }

  #drawFresh() {
    const count = this.#waiting.length;
    byId("fresh").hidden = count === 0;
    if (count) say(byId("fresh"), `${count} new ${count === 1 ? "line" : "lines"} ↑`);
  }

  #drawFilters() {
    const button = (name, pressed, count, act) => make("button", { type: "button", "aria-pressed": String(pressed), on: { click: act } }, name,
      count === null ? null : make("span", { class: "count" }, String(count)));
    const buttons = [button("All", !this.#groups.size, null, () => { this.#groups.clear(); this.#drawFilters(); this.reload(); })];
    for (const [name, kinds] of this.#offered) {
      const count = kinds.reduce((sum, kind) => sum + (this.#kinds[kind] ?? 0) - (this.#everything ? 0 : this.#unshown[kind] ?? 0), 0);
      if (!count && !this.#groups.has(name)) continue;
      buttons.push(button(name, this.#groups.has(name), count, () => {
        if (!this.#groups.delete(name)) this.#groups.add(name);
        this.#drawFilters();
        this.reload();
      }));
    }
    const focused = [...byId("filters").children].indexOf(document.activeElement);
    byId("filters").replaceChildren(...buttons);
    if (focused >= 0) byId("filters").children[Math.min(focused, buttons.length - 1)].focus();
    byId("text")?.setAttribute("href", address("story.txt", { kind: this.#chosen()?.join(","), all: this.#everything ? 1 : null }));
  }

  #group(event, line) {
    const day = times.day(event.time);
    return make("section", { class: "day-group", "data-day": day, "aria-label": day }, make("h3", { class: "day" }, day), make("ol", {}, line));
  }

  #line(event) {
    const text = event.line.length > LONGEST ? `${event.line.slice(0, LONGEST)} …` : event.line;
    const [, headline, facts, ...whys] = text.split(" | ");
    const [symbol, ...words] = (headline ?? "").split(" ");
    const marked = (text) => this.#highlighted(text);
    return make("li", { id: `e${event.seq}`, class: "line", "data-kind": event.kind, "data-mark": event.mark, "data-seq": event.seq, "data-unshown": event.shown === false ? "" : null },
      make("button", { type: "button", "aria-expanded": this.#linesOnly ? null : "false" },
        make("time", { class: "at", datetime: new Date(event.time / 1000).toISOString(), title: times.full(event.time) }, times.clock(event.time)),
        make("span", { class: "symbol-of", "aria-hidden": "true" }, symbol),
        make("span", { class: "said" },
          make("span", { class: "headline" }, ...marked(words.join(" "))), " ",
          make("span", { class: "facts" }, ...marked(facts ?? "")), " ",
          whys.length ? make("span", { class: "why" }, ...marked(whys.join(" | "))) : null)));
  }

  #highlighted(text) {
    if (!this.#words) return [text];
    const parts = [], folded = text.toLowerCase();
    let from = 0;
    for (let at = folded.indexOf(this.#words); at >= 0; at = folded.indexOf(this.#words, from)) {
      parts.push(text.slice(from, at), make("mark", {}, text.slice(at, at + this.#words.length)));
      from = at + this.#words.length;
    }
    return [...parts, text.slice(from)];
  }

  async #toggle(button) {
    if (!button) return;
    const line = button.parentElement, seq = Number(line.dataset.seq);
    if (this.#linesOnly) { this.#onFind(this.#lines.find((event) => event.seq === seq)); return; }
    const record = line.querySelector(".record");
    button.setAttribute("aria-expanded", String(!record));
    if (record) { record.remove(); return; }
    const box = make("div", { class: "record" }, "Reading the record …");
    line.append(box);
    try {
      box.replaceChildren(...this.#record(await ask(`api/events/${seq}`)));
    } catch (error) { box.replaceChildren(`The record could not be read: ${error.message}`); }
  }

  #record(event) {
    const rows = [["Line", `${event.seq}, of kind ${event.kind}${event.critical ? ", critical" : ""}`], ["Time", times.full(event.time)]];
    if (event.told !== event.time) rows.push(["Told", times.full(event.told)]);
    for (const [name, value] of Object.entries(event.record?.facts ?? {})) {
      if (name !== "kind") rows.push([name.replaceAll("_", " "), fact(name, value)]);
    }
    if (event.id) rows.push(["id", event.id], ["hash", event.hash]);
    const list = make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, name === "hash" || name === "id" ? make("code", {}, value) : value)]));
    const link = `#e${event.seq}`;
    const tools = make("div", { class: "tools" },
      make("button", { type: "button", on: { click: () => this.#onFind(event) } }, "Show in the chart"),
      make("a", { href: link, on: { click: (click) => { click.preventDefault(); history.replaceState(null, "", link); this.#copy(location.href, "Link copied"); } } }, "Copy the link"),
      make("button", { type: "button", on: { click: () => this.#copy(event.line, "Line copied") } }, "Copy the line"));
    return [list, tools];
  }

  async #copy(text, words) {
    try {
      await navigator.clipboard.writeText(text);
      toast(words);
    } catch {
      const area = make("textarea", { class: "unseen", "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      toast(document.execCommand("copy") ? words : "The browser doesn't let the page copy");
      area.remove();
    }
  }
}

/** A fact of the record as a person reads it: instants, durations, numbers without the digits that say nothing. */
function fact(name, value) {
  if (typeof value === "number" && value > 1e14 && Number.isInteger(value)) return times.full(value);
  if (typeof value === "number" && /^(cooldown|lasted|away|silence|waited|blocked|halted|interval|put_off|by)$/.test(name)) return times.duration(value);
  if (typeof value === "number") return Number.isInteger(value) ? numbers.fixed(value, 0) : numbers.exact(value);
  if (Array.isArray(value)) return value.map((each) => fact(name, each)).join("; ");
  if (value !== null && typeof value === "object") return Object.entries(value).map(([key, each]) => `${key.replaceAll("_", " ")} ${fact(key, each)}`).join(", ");
  return String(value);
}
