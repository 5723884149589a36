// All bots: a row for each, the worst trouble first, and what was told last.
import { ask } from "./api.js";
import { offerChoices } from "./choices.js";
import { byId, make, say } from "./dom.js";
import * as numbers from "./numbers.js";
import { onMoved, placed, put } from "./place.js";
import * as times from "./times.js";
import { begun, mode, word } from "./words.js";

const OFTEN = 2000; // milliseconds between two looks
const SELDOM = 60_000; // and between two digests
const HOUR = 3_600_000_000; // microseconds
const ICONS = { trading: "trading", halted: "halted", overdue: "trouble", trouble: "trouble" };

let all = null, lines = [], groups = {}, timer = 0;

async function look() {
  clearTimeout(timer);
  try {
    const kinds = groups[placed("filter")]?.join(",");
    [all, { events: lines }] = await Promise.all([ask("api/bots"), ask("api/timeline", { kind: kinds, limit: 40 })]);
    link("live", "Live");
    draw();
  } catch {
    link("lost", "Not connected");
  }
  if (!document.hidden) timer = setTimeout(look, OFTEN);
}

function link(state, words) {
  document.body.dataset.link = state;
  byId("link-state").dataset.link = state;
  say(byId("link-words"), words);
}

function draw() {
  const { bots, sums } = all, states = bots.map(({ status }) => (begun(status) ? "begun" : status.state));
  const count = (state, words) => { const number = states.filter((each) => each === state).length; return number ? `${number} ${words}` : null; };
  say(byId("verdict"), [count("trouble", "in trouble"), count("overdue", "not heard"), count("halted", "halted"), count("catching_up", "catching up"), count("trading", "trading"), count("stopped", "stopped"), count("begun", "waiting"), count("waiting", "without a story"), count("unknown", "without a reading"), count("loading", "being read")].filter(Boolean).join(", "));
  const worst = states[0];
  document.title = `${byId("verdict").textContent} · livestory`;
  byId("icon").setAttribute("href", `static/icon-${ICONS[worst] ?? "stopped"}.svg`);
  byId("sums").replaceChildren(...sums.map((sum) => make("li", {}, make("b", {}, `${numbers.fixed(sum.wealth, sum.decimals)} ${sum.unit}`), ` ${[mode(sum.mode).toLowerCase(), `${sum.bots} ${sum.bots === 1 ? "bot" : "bots"}`].filter(Boolean).join(", ")}`)));
  byId("bots").replaceChildren(...bots.map(row));
  byId("empty").hidden = lines.length > 0;
  byId("timeline").replaceChildren(...lines.map(told));
}

const address = (story, seq) => `?story=${encodeURIComponent(story)}${seq === undefined ? "" : `#e${seq}`}`;

function row({ status, last, open, earned, curve }) {
  const cell = (label, text, tone = "") => make("td", { "data-label": label, class: text === numbers.UNKNOWN ? "none" : tone }, text);
  const percent = (label, made) => cell(label, numbers.percent(made?.change), numbers.direction(made?.change));
  const total = status.total?.change == null && earned.length
    ? cell("Since the start", earned.join(", ").replaceAll("-", "−"), earned.length > 1 ? "" : earned[0].startsWith("-") ? "down" : "up") : percent("Since the start", status.total);
  return make("tr", { "data-state": status.state },
    make("th", { scope: "row" }, make("a", { href: address(status.story) }, status.bot ?? status.story), make("small", {}, [status.bot === null || status.bot === status.story ? null : status.story, status.symbol, mode(status.mode).toLowerCase()].filter(Boolean).join(", "))),
    make("td", { "data-label": "State" }, make("span", { class: "state-dot", "aria-hidden": "true" }), word(status), silence(status)),
    cell("Wealth", status.wealth === null ? numbers.UNKNOWN : `${numbers.fixed(status.wealth, status.decimals)} ${status.unit ?? ""}`),
    percent("Today", status.state === "stopped" ? null : status.today), total,
    make("td", { "data-label": "Drawdown", class: status.drawdown === null ? "none" : "" }, status.breaker && status.drawdown !== null ? numbers.apart(status.drawdown, -status.breaker, numbers.percent) : numbers.percent(status.drawdown), status.breaker && status.drawdown !== null ? make("small", {}, `breaker ${numbers.percent(-status.breaker)}`) : null),
    cell("Open", open === null ? numbers.UNKNOWN : String(open)),
    make("td", { "data-label": "Curve", class: curve[0].length < 2 ? "none" : "" }, sparkline(curve)),
    make("td", { "data-label": "Last line", class: "words" }, ...(last === null || status.trouble ? [status.trouble ?? ""] : [make("time", {}, times.near(last.time, status.now)), ` ${short(last.line)}`])));
}

/** Of a bot that does not say when it is due, how long ago it was heard: it may be gone. */
function silence({ state, clock, heard, next_due: due, now }) {
  const open = ["trading", "halted"].includes(state) && clock === "wall" && heard !== null && due === null && now - heard > HOUR;
  return open ? make("small", {}, `heard ${times.duration(now - heard)} ago`) : null;
}

const short = (line) => line.split(" | ").slice(1, 3).join(" ");

/** A curve without axes; what it says stands in the cells beside it. */
function sparkline([at, values]) {
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    return element;
  };
  const picture = svg("svg", { viewBox: "0 0 100 26", class: "spark", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (values.length < 2) return picture;
  const low = Math.min(...values), high = Math.max(...values), span = at.at(-1) - at[0];
  const points = values.map((value, place) => `${(((at[place] - at[0]) / span) * 100).toFixed(2)},${(24 - ((value - low) / (high - low || 1)) * 22).toFixed(2)}`);
  picture.append(svg("polyline", { points: points.join(" "), "vector-effect": "non-scaling-stroke" }));
  return picture;
}

/** A bot by its name, and by its story's too where another has the same. */
function whose(story) {
  const name = all.bots.find((bot) => bot.status.story === story)?.status.bot ?? story;
  return name !== story && all.bots.filter((bot) => bot.status.bot === name).length > 1 ? `${name} (${story})` : name;
}

function told(event) {
  const [, headline, facts, ...why] = event.line.split(" | ");
  return make("li", { class: "line", "data-mark": event.mark, "data-kind": event.kind },
    make("a", { href: address(event.story, event.seq) },
      make("time", { datetime: new Date(event.time / 1000).toISOString() }, times.moment(event.time)),
      make("b", { class: "whose" }, whose(event.story)),
      make("span", { class: "said" }, make("span", { class: "headline" }, headline), " ", make("span", { class: "facts" }, facts ?? ""), why.length ? make("span", { class: "why" }, why.join(" | ")) : null)));
}

function drawFilters() {
  const chosen = placed("filter");
  const button = (name, filter) => make("button", { type: "button", "aria-pressed": String(chosen === filter), on: { click: () => { put("filter", filter); drawFilters(); look(); } } }, name);
  byId("filters").replaceChildren(button("All", null), ...Object.keys(groups).map((name) => button(name, name)));
}

/** The last week of all of them, in a paragraph. */
async function tellDigest() {
  try {
    const { digest } = await ask("api/bots/digest");
    if (digest !== null) byId("digest").replaceChildren(make("strong", {}, `${digest.title}: ${digest.verdict}`), ` ${digest.told.join(" ")}`);
    byId("digest").hidden = digest === null;
  } catch { /* the next one is told */ }
  setTimeout(tellDigest, SELDOM);
}

async function begin() {
  try { groups = { __proto__: null, ...await ask("api/groups") }; } catch { setTimeout(begin, OFTEN); return; }
  drawFilters();
  look();
  tellDigest();
}

offerChoices({ zone: () => { if (all) draw(); }, theme: () => undefined });
onMoved(() => { drawFilters(); look(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
begin();
