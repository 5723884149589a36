// The head of the page: how the bot is, at a glance; the title and the icon say it too.
import { byId, make, say } from "./dom.js";
import * as numbers from "./numbers.js";
import * as times from "./times.js";
import { begun, mode, word } from "./words.js";

const ICONS = { trading: "trading", halted: "halted", overdue: "trouble", trouble: "trouble" };
const HALTS = { __proto__: null, owner: "By you", journal: "Because its journal is new while the account holds something" };

let status = null;
let ahead = 0; // microseconds that the server's clock is ahead of this one
let lost = false;

export function show(next) {
  status = next;
  ahead = next.now - Date.now() * 1000;
  draw();
}

/** The newest event that the head knows of. */
export const lastSeq = () => status?.last_seq ?? 0;

/** The status that it shows. */
export const last = () => status;

export function connected(yes) {
  lost = !yes;
  if (status) draw();
}

/** Called every second: the countdown, and ages. */
export function tick() {
  if (status) drawState();
}

export function draw() {
  say(byId("bot"), status.bot ?? (status.state === "waiting" ? "livestory" : status.story));
  const badge = byId("mode");
  badge.hidden = !status.mode;
  badge.dataset.mode = status.mode ?? "";
  say(badge, mode(status.mode));
  say(byId("symbol"), status.symbol ?? "");
  drawState();
  drawFigures();
  drawPositions();
}

function drawState() {
  const now = status.clock === "bars" ? (status.heard ?? 0) : Date.now() * 1000 + ahead;
  document.body.dataset.state = status.state;
  document.body.toggleAttribute("data-alive", !lost);
  document.body.toggleAttribute("data-blank", status.journal === null && status.state !== "loading");
  const state = status.state === "overdue" ? `Not heard since ${heardAt()}` : word(status);
  say(byId("state-word"), state);
  say(byId("state-why"), why(now));
  const countdown = byId("countdown");
  const remaining = status.state === "halted" && status.halt?.resume_at ? status.halt.resume_at - now : 0;
  countdown.hidden = remaining <= 0;
  if (remaining > 0) say(countdown, `${times.duration(remaining)} left`);
  const wealth = status.wealth === null ? "" : ` · ${numbers.fixed(status.wealth, status.decimals)} ${status.unit ?? ""}`;
  const title = lost ? "Connection lost" : state;
  document.title = `${title}${wealth} · ${status.bot ?? status.story}`;
  const icon = `static/icon-${lost ? "trouble" : ICONS[status.state] ?? "stopped"}.svg`;
  if (byId("icon").getAttribute("href") !== icon) byId("icon").setAttribute("href", icon);
}

function heardAt() {
  if (status.clock === "bars") return status.committed === null ? "it ended" : times.near(status.committed, Date.now() * 1000 + ahead);
  return status.heard === null ? "the start" : times.near(status.heard, Date.now() * 1000 + ahead);
}

function why(now) {
  switch (status.state) {
    case "waiting": case "trouble": return status.trouble ?? "";
    case "loading": return "Reading the story.";
    case "unknown": return unknown();
    case "catching_up": return `It is heard of as it was at ${times.near(status.heard, now)}, ${times.duration(now - status.heard)} ago, and comes nearer.`;
    case "stopped": return stopped();
    case "overdue": return overdue(now);
    case "halted": return halted(now);
    default: return trading(now);
  }
}

function unknown() {
  if (begun(status)) return "It has started; how it is, its first reading will tell.";
  if (status.kinds.trade) return "It tells what it trades, and not what it owns or how it is: whether it runs can't be seen here.";
  return status.last_seq ? "The bot has told lines, but not yet how it is." : "The bot has opened its story, and told nothing yet.";
}

function stopped() {
  if (status.heard === null) return "It said goodbye. Nothing is traded until it is started again.";
  if (status.mode === "replay") return `The replay is over: its bars end at ${times.dated(status.heard)}.`;
  return `It said goodbye at ${times.moment(status.heard)}. Nothing is traded until it is started again.`;
}

function overdue(now) {
  if (status.gone) return "No process writes this story any more, and it ended without a goodbye.";
  return `The next reading was due ${times.near(status.next_due, now)}, ${times.duration(now - status.next_due)} ago. Look whether the bot runs.`;
}

function halted(now) {
  const halt = status.halt;
  const by = halt.breaker ? "By the safety breaker" : HALTS[halt.reason] ?? `Because: ${halt.reason ?? "not told"}`;
  const since = halt.since === null ? "" : ` since ${times.moment(halt.since)}`;
  const score = halt.resume_score === null ? null
    : `the score reaches ${numbers.exact(halt.resume_score)}${status.score === null ? "" : ` (now ${numbers.apart(status.score, halt.resume_score, numbers.score)})`}`;
  const waits = halt.resume_at !== null && halt.resume_at > now;
  if (!halt.breaker) return `${by}${since}.${halt.reason in HALTS ? " Goes on with: livestory resume." : ""}`;
  if (waits) return `${by}${since}. No buys before ${times.moment(halt.resume_at)}${score ? `, then once ${score}` : ""}.`;
  return `${by}${since}. ${score ? `Waits until ${score}.` : "It resumes with the next reading."}`;
}

function trading(now) {
  const blocked = status.daily_loss_hit ? "No buys until midnight UTC: daily loss limit. " : "";
  if (status.heard === null) return blocked;
  if (status.clock === "bars") return `${blocked}At ${times.moment(status.heard)} in the bars' own time.`;
  const left = status.next_due === null ? null : status.next_due - now;
  const due = left === null ? `, ${times.duration(now - status.heard)} ago; it does not say when it is due next` : left < 0 ? `; the next is ${times.duration(-left)} late` : `; next in ${times.duration(left)}`;
  return `${blocked}Heard ${times.near(status.heard, now)}${due}.`;
}

function figure(id, main, unit, aside, tone = "") {
  const element = byId(id);
  element.className = tone;
  element.replaceChildren(main, ...(unit && main !== numbers.UNKNOWN ? [make("span", { class: "unit" }, unit)] : []));
  if (byId(`${id}-aside`)) say(byId(`${id}-aside`), aside);
}

function gauge(id, share, tick = null) {
  const element = byId(id);
  element.hidden = share === null;
  if (share === null) return;
  element.querySelector(".fill").setAttribute("width", String(Math.max(0, Math.min(1, share)) * 100));
  const mark = element.querySelector(".tick");
  if (mark && tick !== null) mark.setAttribute("x", String(Math.min(1, tick) * 100 - 0.5));
}

/** Of a bot that reports its positions: what is open, each symbol in its own figures. */
function drawPositions() {
  const positions = status.positions ?? [];
  byId("positions").hidden = positions.length === 0;
  const now = status.heard ?? 0;
  const cell = (label, text, tone = "") => make("td", { "data-label": label, class: tone }, text);
  byId("open").replaceChildren(...positions.map((each) => {
    const short = Number(each.quantity) < 0;
    const result = each.result === null ? null : Number(each.result);
    const money = result === null ? numbers.UNKNOWN : `${result > 0 ? "+" : ""}${each.asset === status.unit ? numbers.fixed(result, status.decimals) : numbers.exact(result)} ${each.asset ?? ""}`;
    return make("tr", {},
      make("th", { scope: "row" }, each.symbol),
      cell("Quantity", `${short ? "short" : "long"} ${numbers.exact(Math.abs(Number(each.quantity)))}${each.leverage === null ? "" : ` at ${numbers.exact(Number(each.leverage))}×`}`),
      cell("Entry", each.entry === null ? numbers.UNKNOWN : numbers.exact(Number(each.entry))),
      cell("Price", each.price === null ? numbers.UNKNOWN : numbers.exact(Number(each.price))),
      cell("Result", money, numbers.direction(result)),
      cell("Liquidated at", Number(each.liquidation ?? 0) > 0 ? numbers.exact(Number(each.liquidation)) : numbers.UNKNOWN),
      cell("Since", each.since === null ? numbers.UNKNOWN : times.near(each.since, now)));
  }));
}

/** What a bot does not tell has no place; of one that stopped, nor have the figures of its present. */
function hideUnknown(figures) {
  for (const [id, known] of Object.entries(figures)) {
    const over = status.state === "stopped" && ["today", "regime"].includes(id);
    const untold = !known && (status.state === "unknown" || status.positions !== null || (status.heard !== null && ["regime", "position"].includes(id)));
    byId(id).parentElement.hidden = over || untold;
  }
}

function drawFigures() {
  const [base, quote] = (status.symbol ?? "/").split("/"); // none is known of a story without a symbol
  const mixed = status.positions?.some((each) => each.symbol !== status.symbol) ?? false;
  hideUnknown({
    wealth: status.wealth !== null, today: status.today?.change != null, total: status.total?.change != null, drawdown: status.wealth !== null,
    regime: status.regime !== null || status.score !== null, position: status.position !== null,
  });
  const basket = status.benchmark.map((symbol) => symbol.split("/")[0]);
  const held = basket.length ? `first positions (${basket.length > 6 ? basket.length : basket.join(", ")})` : mixed ? "" : base;
  const against = (made) => (made?.holding == null || !held ? "" : `holding ${held}: ${numbers.percent(made.holding)}`);
  const price = status.price === null ? "" : [base || "price", base ? "at" : "", numbers.exact(status.price), quote].filter(Boolean).join(" ");
  figure("wealth", numbers.fixed(status.wealth, status.decimals), status.unit, price);
  figure("today", numbers.percent(status.today?.change), "", against(status.today), numbers.direction(status.today?.change));
  figure("total", numbers.percent(status.total?.change), "", against(status.total), numbers.direction(status.total?.change));
  const limit = status.breaker;
  const breaker = limit === null ? "" : limit === 0 ? "no breaker" : `breaker at ${numbers.percent(-limit)}`;
  const peak = status.drawdown ? status.peak_time : null; // under its peak, it says since when
  const since = peak === null ? "" : `since ${times.plainDay(peak)}, from ${status.resumed_at === null ? "the record" : "the best since the resume"}`;
  const drawdown = limit && status.drawdown !== null ? numbers.apart(status.drawdown, -limit, numbers.percent) : numbers.percent(status.drawdown);
  figure("drawdown", drawdown, "", [since, breaker].filter(Boolean).join("; "));
  const near = limit && status.drawdown !== null ? -status.drawdown / limit : null;
  gauge("drawdown-gauge", near);
  byId("drawdown-gauge").toggleAttribute("data-near", near !== null && near >= 0.5);
  const score = status.score === null ? "" : `score ${status.threshold === null ? numbers.score(status.score) : numbers.apart(status.score, status.threshold, numbers.score)}`;
  const threshold = status.threshold === null ? "" : `, threshold ${numbers.exact(status.threshold)}`;
  figure("regime", status.regime ?? numbers.UNKNOWN, "", score + threshold);
  gauge("score-gauge", status.score === null ? null : status.score / 100, status.threshold === null ? null : status.threshold / 100);
  figure("position", numbers.exact(status.position), base, status.weight === null ? "" : `${numbers.part(status.weight)} of wealth${status.target_weight === null ? "" : `, wants ${numbers.part(status.target_weight)}`}`);
  gauge("weight-gauge", status.weight);
}
