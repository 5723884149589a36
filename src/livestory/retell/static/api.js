// What the page would ask its server, answered from what the report carries.
import { fewer } from "./candles.js";

export const carried = JSON.parse(document.getElementById("data").textContent);

const rows = carried.events.map(([seq, time, kind, mark, line, shown = 1]) => ({ seq, time, told: time, kind, mark: mark || null, line, shown: shown === 1, folded: null }));
const places = new Map(rows.map((event, place) => [event.seq, place]));

export const address = (path) => path;

export async function ask(path, asked = {}) {
  if (path.startsWith("api/events/")) return event(Number(path.slice("api/events/".length)));
  return { "api/events": events, "api/series": series, "api/trades": trades, "api/review": () => ({ review: carried.review }), "api/groups": () => carried.groups }[path](asked);
}

/** How many events there are of each kind, and how many of them are not shown. */
export function counted() {
  const kinds = {}, unshown = {};
  for (const event of rows) {
    kinds[event.kind] = (kinds[event.kind] ?? 0) + 1;
    if (!event.shown) unshown[event.kind] = (unshown[event.kind] ?? 0) + 1;
  }
  return { kinds, unshown };
}

function event(seq) {
  if (!places.has(seq)) throw new Error("That line is not in this report.");
  return rows[places.get(seq)];
}

function events({ before = null, kind = null, q = "", limit, all = null, order = "newest" }) {
  const by = order === "oldest" ? 1 : -1, kinds = kind === null || kind === undefined ? null : new Set(kind.split(",")), found = [];
  let place = by > 0 ? 0 : rows.length - 1;
  if (before !== null) {
    // The first row beyond that seq, in the order asked for.
    let low = 0, high = rows.length;
    while (low < high) { const middle = (low + high) >> 1; if (rows[middle].seq < before + (by > 0 ? 1 : 0)) low = middle + 1; else high = middle; }
    place = by > 0 ? low : low - 1;
  }
  for (; place >= 0 && place < rows.length && found.length < limit; place += by) {
    const event = rows[place];
    if ((!all && !event.shown) || (kinds && !kinds.has(event.kind))) continue;
    if (q && !(event.folded ??= event.line.toLowerCase()).includes(q)) continue;
    found.push(event);
  }
  return { events: found, next: place >= 0 && place < rows.length ? found.at(-1).seq : null };
}

function series({ of, since = null, until = null, points, symbol = null }) {
  if (of === "price") return price(symbol, since, until, points);
  const curve = of === "result" ? carried.result : { times: carried.times, values: carried[of] };
  const known = curve.times.map((_, place) => place).filter((place) => curve.values[place] !== null);
  const times = known.map((place) => curve.times[place]), first = times[0] ?? null, last = times.at(-1) ?? null;
  const start = since ?? first ?? 0, end = until ?? last ?? 0, pick = (values) => known.map((place) => values[place]);
  return {
    of, symbol: null, candles: [], unit: of === "result" ? carried.result.unit : carried.unit, since: start, until: end, first, last,
    times, values: pick(curve.values), holding: of === "wealth" ? holding(known, start) : null, drawdown: of === "wealth" ? pick(carried.drawdown) : null,
    regimes: carried.regimes, halts: carried.halts, flows: carried.flows, marks: carried.marks,
  };
}

/** The price of the report's own symbol, as candles where bars are known; or that of another symbol, and its trades. */
function price(asked, since, until, points) {
  const owned = carried.price.some((value) => value !== null), symbol = asked ?? (owned ? carried.symbol : carried.review.priced[0]) ?? null;
  const of = (!owned || symbol !== carried.symbol ? carried.prices[symbol] : null) ?? { times: carried.times, values: carried.price, marks: null };
  const first = of.times[0] ?? null, last = of.times.at(-1) ?? null, start = since ?? first ?? 0, end = until ?? last ?? 0;
  const candles = of.marks || !carried.candles.length ? [] : fewer(carried.candles, start, end, points / 9);
  const line = of.times.map((time, place) => [time, of.values[place]]).filter(([time, value]) => (of.marks || value !== null) && (!candles.length || time <= candles[0][0]));
  const joined = [...line, ...candles.map(([, to, , , , close]) => [to, close])];
  return {
    of: "price", symbol, unit: carried.unit, since: start, until: end, first, last, candles, holding: null, drawdown: null,
    times: joined.map(([time]) => time), values: joined.map(([, value]) => value), regimes: carried.regimes, halts: carried.halts, flows: carried.flows,
    marks: of.marks ? [...carried.marks.filter(([, , what]) => what !== "buy" && what !== "sell"), ...of.marks].sort((a, b) => a[1] - b[1]) : carried.marks,
  };
}

/** What the first wealth from `start` on would have become, had it been held. */
function holding(places, start) {
  const begun = places.find((place) => carried.times[place] >= start && carried.price[place] !== null);
  if (begun === undefined) return null;
  const perUnit = carried.wealth[begun] / carried.units[begun] / carried.price[begun];
  return places.map((place) => (carried.price[place] === null ? null : perUnit * carried.price[place] * carried.units[place]));
}

function trades({ sort, order, symbol, reason, outcome, limit, offset }) {
  const sign = { won: 1, lost: -1 }[outcome] ?? 0;
  const wanted = carried.trades.filter((row) => (!symbol || row.symbol === symbol) && (!reason || row.reason === reason) && (!sign || (row.result ?? row.share ?? 0) * sign > 0));
  const key = (row) => (sort === "held" ? (row.opened === null ? null : row.closed - row.opened) : row[sort]), by = order === "asc" ? 1 : -1;
  const compare = (a, b) => (a === null || b === null ? (a === null) - (b === null) : (a < b ? -1 : a > b ? 1 : 0) * by);
  wanted.sort((a, b) => compare(key(a), key(b)));
  return { trades: wanted.slice(offset, offset + limit), count: wanted.length, summary: summed(wanted), next: offset + limit < wanted.length ? offset + limit : null };
}

function summed(wanted) {
  const sums = new Map();
  let won = 0, lost = 0, even = 0;
  for (const { result, asset } of wanted) {
    if (result === null) continue;
    won += result > 0;
    lost += result < 0;
    even += result === 0;
    sums.set(asset, (sums.get(asset) ?? 0) + result);
  }
  const money = [...sums].map(([asset, sum]) => `${sum > 0 ? "+" : ""}${sum.toFixed(carried.decimals)} ${asset ?? ""}`.trim());
  const missing = carried.review.trades - carried.trades.length;
  return [`${won} won`, `${lost} lost`, ...(even ? [`${even} even`] : []), ...money, ...(missing > 0 ? [`the ${missing.toLocaleString("en-US")} oldest are not in this table`] : [])].join(", ");
}
