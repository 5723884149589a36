// The key moments: a list beside the dots on the chart, stepped through with j and k.
import { byId, make, say } from "./dom.js";
import * as numbers from "./numbers.js";
import * as times from "./times.js";

export class Moments {
  #moments = []; #chosen = -1; #onChoose; #onLine;

  /** onChoose(place): one is looked at. onLine(seq): its line is asked for. */
  constructor(onChoose, onLine) {
    this.#onChoose = onChoose;
    this.#onLine = onLine;
    addEventListener("keydown", (event) => {
      const by = { j: 1, k: -1 }[event.key];
      if (!by || !this.#moments.length || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName)) return;
      event.preventDefault();
      this.choose(this.#chosen < 0 && by < 0 ? this.#moments.length - 1 : (this.#chosen + by + this.#moments.length) % this.#moments.length);
    });
  }

  show(moments) {
    if (JSON.stringify(moments) === JSON.stringify(this.#moments)) return;
    this.#moments = moments;
    this.redraw();
  }

  /** Look at one; -1 is none. */
  choose(place) {
    this.#chosen = place;
    this.redraw();
    this.#onChoose(place);
    const moment = this.#moments[place];
    if (!moment) return;
    byId("moments-list").children[place].scrollIntoView({ block: "nearest", inline: "nearest" });
    say(byId("moments-live"), `${place + 1} of ${this.#moments.length}: ${moment.title}, ${times.dated(moment.time)}. ${words(moment)}`);
  }

  redraw() {
    byId("moments").hidden = !this.#moments.length;
    const focused = byId("moments-list").contains(document.activeElement);
    byId("moments-list").replaceChildren(...this.#moments.map((moment, place) => make("li", { class: "moment", "data-chosen": place === this.#chosen },
      make("button", { type: "button", "aria-pressed": String(place === this.#chosen), on: { click: () => this.choose(place === this.#chosen ? -1 : place) } },
        make("span", { class: "number", "aria-hidden": "true" }, String(place + 1)),
        make("span", { class: "moment-words" },
          make("time", { datetime: new Date(moment.time / 1000).toISOString() }, times.dayAndYear(moment.time - 1)),
          make("b", {}, moment.title), make("span", {}, words(moment)))),
      moment.seq === null || place !== this.#chosen ? null
        : make("button", { type: "button", class: "quiet", on: { click: () => this.#onLine(moment.seq) } }, "Read its line"))));
    if (focused && this.#chosen >= 0) byId("moments-list").children[this.#chosen]?.querySelector("button").focus({ preventScroll: true });
  }
}

/** A date in it is that of `since`, and written as those of the list. */
const words = ({ told, since, holding }) => [told.replace(/\d{4}-\d\d-\d\d/, () => times.dayAndYear(since)).replace(/(?<!\d)-(?=\d)/g, "−"), holding === null ? "" : `holding ${numbers.percent(holding)}`].filter(Boolean).join("; ");
