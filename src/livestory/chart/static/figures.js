// The figures, each with its definition one tap away, and the returns by month.
import { byId, make, press, say } from "./dom.js";
import * as numbers from "./numbers.js";
import * as times from "./times.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** All that is known; of the rest, why it is not. */
export function showFigures(figures) {
  const open = new Set([...byId("figure-list").querySelectorAll("details[open]")].map((each) => each.dataset.name));
  const known = figures.filter((figure) => figure.text !== null), missing = figures.filter((figure) => figure.text === null);
  byId("figure-list").replaceChildren(...known.map((figure) => make("details", { "data-name": figure.name, open: open.has(figure.name) },
    make("summary", {}, make("span", {}, figure.label), make("b", { class: ["return", "holding", "cagr"].includes(figure.name) ? numbers.direction(figure.value) : "" }, figure.text.replace(/^-/, "−"))),
    make("p", {}, figure.definition))));
  byId("figures-missing").hidden = !missing.length;
  say(byId("figures-missing"), `Not known: ${missing.map((figure) => `${figure.label.toLowerCase()} (${figure.missing})`).join(", ")}.`);
}

let inMoney = false, shown = null;

/** What was earned in the months, in percent or in money. */
export function beginMonths() {
  byId("months-as").addEventListener("click", ({ target }) => {
    if (!target.dataset.as) return;
    press(byId("months-as"), target);
    inMoney = target.dataset.as === "money";
    if (shown) showMonths(...shown);
  });
}

/** Years as rows, months as columns; [start, end, change, holding, gain] each, and in what unit a gain is. */
export function showMonths(months, unit, decimals) {
  shown = [months, unit, decimals];
  byId("months").hidden = !months.length;
  byId("months-as").hidden = !unit;
  say(byId("months-heading"), inMoney ? `Gain by month, ${unit}` : "Return by month, %");
  say(byId("months-aside"), inMoney ? " without deposits and withdrawals" : " and what holding did");
  const cell = (label, change, holding, gain, kind) => monthCell(label, change, inMoney ? null : holding, inMoney && gain !== null ? money(gain, decimals) : null, kind);
  const years = new Map();
  for (const month of months) {
    const year = new Date(month[0] / 1000).getUTCFullYear();
    if (!years.has(year)) years.set(year, Array(12).fill(null));
    years.get(year)[new Date(month[0] / 1000).getUTCMonth()] = month;
  }
  const head = make("thead", {}, make("tr", {}, ...["Year", ...MONTHS, "All"].map((name) => make("th", { scope: "col" }, name))));
  const body = make("tbody", {}, ...[...years].reverse().map(([year, cells]) => {
    const told = cells.filter(Boolean), compounded = (at) => told.reduce((product, month) => product * (1 + month[at]), 1) - 1;
    const held = told.every((month) => month[3] !== null);
    return make("tr", {}, make("th", { scope: "row" }, String(year)),
      ...cells.map((month, place) => cell(MONTHS[place], month?.[2] ?? null, month?.[3] ?? null, month?.[4] ?? null)),
      cell("All", compounded(2), held ? compounded(3) : null, told.reduce((sum, month) => sum + month[4], 0), "sum"));
  }));
  byId("month-table").replaceChildren(head, body);
}

const money = (gain, decimals) => `${gain > 0 ? "+" : ""}${numbers.fixed(gain, decimals)}`.replace("-", "−");

function monthCell(label, change, holding, gain, kind = "") {
  if (change === null) return make("td", { class: "none", "data-label": label }, "");
  const strength = Math.round(Math.min(1, Math.abs(change) / 0.15) * 30);
  const element = make("td", { class: kind, "data-label": label, title: holding === null ? null : `holding ${numbers.percent(holding)}` },
    make("b", {}, gain ?? numbers.percent(change).replace("%", "")), holding === null ? null : make("small", {}, numbers.percent(holding).replace("%", "")));
  if (!kind) element.style.background = `color-mix(in srgb, var(${change >= 0 ? "--good" : "--sell"}) ${strength}%, transparent)`;
  return element;
}

export const since = (overview) => (overview.since === null ? "" : `${times.dayAndYear(overview.since)} to ${times.dayAndYear(overview.until)}`);
