// Days, weeks and months that ended: the last one in a paragraph, and all as cards.
import { ask } from "./api.js";
import { byId, make, press } from "./dom.js";
import * as numbers from "./numbers.js";
import * as times from "./times.js";

const PAGE = 21;
const SOON = 300; // milliseconds

export class Chapters {
  #period = "day"; #next = null; #generation = 0; #onFind; #cards = []; #soon = 0;

  /** onFind(seq): somebody asks for the line of a chapter. */
  constructor(onFind) {
    this.#onFind = onFind;
    byId("periods").addEventListener("click", (event) => {
      if (!event.target.dataset.period) return;
      press(byId("periods"), event.target);
      this.#period = event.target.dataset.period;
      this.reload();
    });
    byId("older-chapters").addEventListener("click", () => this.#more());
  }

  async reload() {
    const generation = ++this.#generation;
    let page = { chapters: [], next: null };
    try { page = await ask("api/chapters", { period: this.#period, limit: PAGE }); } catch { /* the head says what is wrong */ }
    if (generation !== this.#generation) return;
    this.#tellDigest(generation);
    this.#cards = page.chapters;
    this.#next = page.next;
    this.redraw();
  }

  /** The last of these periods that ended, in a paragraph. */
  async #tellDigest(generation) {
    const { digest } = await ask("api/digest", { period: this.#period }).catch(() => ({ digest: null }));
    if (generation !== this.#generation) return;
    byId("digest").hidden = digest === null;
    if (digest) byId("digest").replaceChildren(make("strong", {}, `${digest.title}: ${digest.verdict}`), ` ${digest.told.join(" ")}`);
  }

  line(event) { if (event.kind === "chapter") this.reloadSoon(); }

  /** Once for all that comes at one time, as when a long story is read to its end. */
  reloadSoon() {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.reload(), SOON);
  }

  redraw() {
    const greatest = Math.max(0.001, ...this.#cards.map(({ facts }) => Math.abs(facts.change ?? 0)));
    byId("cards").replaceChildren(...this.#cards.map((chapter) => this.#card(chapter, greatest)));
    if (!this.#cards.length) byId("cards").append(make("li", { class: "card" }, "A chapter is told when a day, a week or a month ends."));
    byId("older-chapters").hidden = this.#next === null;
  }

  async #more() {
    const generation = this.#generation;
    const page = await ask("api/chapters", { period: this.#period, limit: PAGE, before: this.#next }).catch(() => null);
    if (!page || generation !== this.#generation) return;
    this.#cards.push(...page.chapters);
    this.#next = page.next;
    this.redraw();
  }

  #card({ seq, line, facts }, greatest) {
    const name = line.split(" | ")[1].replace(/^\S+ /u, "").replace(/^(Day|Month): /u, "");
    const parts = [];
    if (facts.holding !== undefined && facts.base) parts.push(`holding ${facts.base} ${numbers.percent(facts.holding)}`);
    if (facts.benchmark?.change !== undefined) parts.push(`holding its first positions ${numbers.percent(facts.benchmark.change)}`);
    const trades = [count(facts.buys, "buy"), count(facts.sells, "sell")].filter(Boolean).join(", ");
    parts.push(trades || "no trade");
    return make("li", { class: "card" },
      make("a", { href: `#e${seq}`, on: { click: (event) => { event.preventDefault(); this.#onFind(seq); } } },
        make("span", {}, name), make("span", { class: `change ${numbers.direction(facts.change)}` }, facts.change === undefined ? earned(facts.results ?? []) : numbers.percent(facts.change))),
      facts.change === undefined ? null : bar(facts.change, greatest),
      make("span", {}, parts.join("; ")),
      facts.trips ? make("span", { class: "card-trip" }, `; ${count(facts.trips, "trip")}`) : null,
      facts.halted ? make("span", {}, `; halted ${times.duration(facts.halted)}`) : null);
  }
}

/** Of a bot without wealth: what closing has earned, each currency for itself. */
const earned = (results) => results.map(({ realised, asset }) => `${numbers.exact(Number(realised ?? 0)).replace("-", "−")} ${asset ?? ""}`.trim()).join(", ");

function count(number, what) {
  return number ? `${number} ${what}${number === 1 ? "" : "s"}` : "";
}

/** A gain to the right of the middle, a loss to its left. */
function bar(change, greatest) {
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    return element;
  };
  const picture = svg("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" });
  const width = (Math.abs(change ?? 0) / greatest) * 50;
  picture.append(
    svg("rect", { class: change >= 0 ? "gain" : "loss", x: change >= 0 ? 50 : 50 - width, width, height: 4 }),
    svg("rect", { class: "middle", x: 49.75, width: 0.5, height: 4 }));
  return picture;
}
