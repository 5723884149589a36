// How a chart is drawn: the curve, what it is compared with, its drawdown beneath, and what happened along it.
import { candleAt, candleRows, candleSeries, drawCandles } from "./candles.js";
import { GLYPHS, gathered, isUrgent } from "./marks.js";
import * as times from "./times.js";

const COLOURS = ["--regime", "--ath", "--phoenix", "--muted"];
const NAMED = { __proto__: null, TREND: 0, MEAN_REV: 1 };
const USED = [...COLOURS, "--accent", "--area", "--halt-area", "--muted", "--hair", "--ink", "--bad", "--buy", "--sell", "--ath", "--phoenix", "--paper", "--fall", "--fall-area", "--card"];

export const hue = (label, labels) => NAMED[label] ?? Math.min(2 + labels.filter((other) => !(other in NAMED)).indexOf(label), 3);

const style = () => getComputedStyle(document.documentElement);
// As page.css has them, where the curve that the page comes with is drawn by them too.
const [TOP, RIGHT, BOTTOM, LEFT, BENEATH, SPACE] = ["top", "right", "bottom", "left", "beneath", "space"].map((name) => Number(style().getPropertyValue(`--plot-${name}`)));
export const palette = () => Object.fromEntries(USED.map((name) => [name, style().getPropertyValue(name).trim()]));

/** The value of a curve at an instant (microseconds), between its points. */
export function valueAt({ times: at, values }, time) {
  let low = 0, high = at.length - 1;
  while (low < high) { const middle = (low + high) >> 1; if (at[middle] < time) low = middle + 1; else high = middle; }
  let before = Math.max(0, low - 1);
  if (values[before] === null || values[low] === null) { // it was not held then: as it was known last, or first
    while (before > 0 && values[before] === null) before -= 1;
    while (low < at.length - 1 && values[low] === null) low += 1;
    return values[before] ?? values[low];
  }
  const share = at[low] > at[before] ? Math.min(1, Math.max(0, (time - at[before]) / (at[low] - at[before]))) : 1;
  return values[before] + (values[low] - values[before]) * share;
}

/** The rows that uPlot draws. */
export const rows = (data) => (data.candles?.length ? candleRows(data) : [data.times.map((time) => time / 1e6), data.values, data.holding ?? data.values.map(() => null), fallen(data) ? data.drawdown : data.values.map(() => null)]);

/** uPlot's options. `scene()` gives { data, labels, focus, moments, chosen }; the rest are handlers. */
export function options(size, scene, handlers) {
  const paint = palette(), font = `11px ${style().getPropertyValue("--sans").trim()}`;
  const axis = { stroke: paint["--muted"], font, ticks: { show: false }, grid: { stroke: paint["--hair"], width: 1 } };
  const beneath = () => fallen(scene().data);
  return {
    ...size,
    padding: [TOP, RIGHT, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => (times.isLocal() ? new Date(seconds * 1000) : uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC")),
    cursor: { y: false, points: { show: (plot, series) => series === 1, size: 7, fill: paint["--accent"] }, drag: { x: true, y: false, setScale: false }, bind: handlers.bind },
    scales: {
      x: { time: true },
      y: { range: (_plot, low, high) => padded(low, high, beneath()) },
      fall: { range: (_plot, low) => { const deep = Math.min(low ?? 0, -0.001) * (1 + SPACE); return [deep, -deep * (1 / BENEATH - 1)]; } },
    },
    axes: [
      { ...axis, size: BOTTOM, space: 70, values: (_plot, splits, _index, _space, step) => splits.map((split) => tickText(split, step)) },
      { ...axis, size: LEFT, space: 38, values: (plot, splits) => above(plot, evenly(splits), splits, beneath()) },
    ],
    series: scene().data.candles?.length ? candleSeries(paint) : [
      {},
      { stroke: paint["--accent"], width: 1.6, fill: beneath() ? undefined : paint["--area"], points: { show: false } },
      { stroke: paint["--muted"], width: 1.1, dash: [4, 3], points: { show: false }, spanGaps: true },
      { scale: "fall", stroke: paint["--fall"], width: 1, fill: paint["--fall-area"], points: { show: false }, spanGaps: true },
    ],
    hooks: {
      // A drawing that was begun before the plot was destroyed still calls these.
      drawClear: [(plot) => scene().data && drawBehind(plot, scene(), paint)],
      draw: [(plot) => scene().data && drawAlong(plot, scene(), paint, font)],
      setSelect: [handlers.selected],
      setCursor: [handlers.hover],
      ready: [(plot) => plot.over.addEventListener("click", (event) => handlers.click(plot, event))],
    },
  };
}

export const fallen = (data) => Boolean(data?.drawdown?.some((fall) => fall !== null && fall < -0.00005));
const within = (plot, time) => {
  const { left, width } = plot.bbox;
  return Math.max(left, Math.min(left + width, plot.valToPos(time / 1e6, "x", true)));
};

function drawBehind(plot, { data, focus }, paint) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = paint["--halt-area"];
  for (const [start, end, label] of data.halts) {
    if (label) ctx.fillRect(within(plot, start), bbox.top, Math.max(1, within(plot, end) - within(plot, start)), bbox.height);
  }
  if (focus) {
    ctx.fillStyle = paint["--accent"];
    const [from, to] = focus, x = within(plot, from), width = within(plot, to) - x;
    if (width > 3 * devicePixelRatio) {
      ctx.globalAlpha = 0.13;
      ctx.fillRect(x, bbox.top, width, bbox.height);
      ctx.globalAlpha = 1;
    }
    ctx.fillRect(x - devicePixelRatio, bbox.top, 2 * devicePixelRatio, bbox.height);
    if (width > 3 * devicePixelRatio) ctx.fillRect(x + width - devicePixelRatio, bbox.top, 2 * devicePixelRatio, bbox.height);
  }
  ctx.restore();
}

function drawAlong(plot, scene, paint, font) {
  const { data, labels } = scene, { ctx, bbox } = plot, unit = devicePixelRatio;
  ctx.save();
  const height = 4 * unit;
  for (const [start, end, label] of data.regimes) {
    ctx.fillStyle = paint[COLOURS[hue(label, labels)]];
    const x = within(plot, start), width = within(plot, end) - x;
    if (label && width > 0) ctx.fillRect(x, bbox.top + bbox.height - height, width, height);
  }
  if (data.candles?.length) drawCandles(plot, data.candles, paint);
  if (fallen(data)) drawDepth(plot, data, paint, font);
  for (const [, time, amount] of data.flows ?? []) drawFlow(plot, time, amount, paint);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const mark of marksOf(plot, data)) {
    const [glyph, colour] = GLYPHS[mark.what], [x, y] = markAt(plot, data, mark, true);
    if (x < bbox.left - 4 || x > bbox.left + bbox.width + 4) continue;
    const size = isUrgent(mark.what) ? 15 : mark.count > 1 ? 11 : 10;
    write(ctx, glyph, x, y, `${size * unit}px "DejaVu Sans", sans-serif`, paint[colour], paint["--paper"]);
    if (mark.count > 1) {
      const over = GLYPHS[mark.what][2] > 0 ? 11 : -11;
      write(ctx, mark.count > 999 ? `${Math.round(mark.count / 1000)}k` : String(mark.count), x, y + over * unit, font.replace("11px", `${9 * unit}px`), paint[colour], paint["--paper"]);
    }
  }
  drawMoments(plot, scene, paint, font);
  ctx.restore();
}

/** The line of no drawdown, and how deep the deepest shown is. */
function drawDepth(plot, data, paint, font) {
  const { ctx, bbox } = plot, unit = devicePixelRatio;
  const zero = plot.valToPos(0, "fall", true), { min, max } = plot.scales.x;
  ctx.fillStyle = paint["--hair"];
  ctx.fillRect(bbox.left, zero, bbox.width, unit);
  const shown = data.drawdown.filter((fall, place) => fall !== null && data.times[place] >= min * 1e6 && data.times[place] <= max * 1e6);
  if (!shown.length) return;
  const deepest = Math.min(...shown);
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.font = font.replace("11px", `${11 * unit}px`);
  ctx.fillStyle = paint["--fall"];
  ctx.fillText(`−${(Math.abs(deepest) * 100).toFixed(deepest > -0.1 ? 1 : 0)}%`, bbox.left - 6 * unit, Math.min(plot.valToPos(deepest, "fall", true), bbox.top + bbox.height - 8 * unit));
  ctx.fillStyle = paint["--muted"];
  ctx.fillText("0%", bbox.left - 6 * unit, zero + 2 * unit);
}

/** A deposit or a withdrawal: a fine line, and which of them at its head. */
function drawFlow(plot, time, amount, paint) {
  const { ctx, bbox } = plot, unit = devicePixelRatio, x = plot.valToPos(time / 1e6, "x", true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.strokeStyle = paint["--muted"];
  ctx.lineWidth = unit;
  ctx.setLineDash([2 * unit, 3 * unit]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  write(ctx, amount < 0 ? "↑" : "↓", x, bbox.top + 7 * unit, `${12 * unit}px "DejaVu Sans", sans-serif`, paint["--muted"], paint["--paper"]);
}

/** The key moments: numbered dots on the curve. */
function drawMoments(plot, { data, moments, chosen }, paint, font) {
  const { ctx, bbox } = plot, unit = devicePixelRatio;
  momentsAt(plot, data, moments, true).forEach(([x, y], place) => {
    if (x < bbox.left - 2 || x > bbox.left + bbox.width + 2) return;
    ctx.beginPath();
    ctx.arc(x, y, (place === chosen ? 11 : 8.5) * unit, 0, 2 * Math.PI);
    ctx.fillStyle = place === chosen ? paint["--accent"] : paint["--card"];
    ctx.fill();
    ctx.lineWidth = 1.5 * unit;
    ctx.strokeStyle = paint["--accent"];
    ctx.stroke();
    ctx.font = font.replace("11px", `bold ${10 * unit}px`);
    ctx.fillStyle = place === chosen ? paint["--paper"] : paint["--accent"];
    ctx.fillText(String(place + 1), x, y + 0.5 * unit);
  });
}

function write(ctx, text, x, y, font, colour, halo) {
  ctx.font = font;
  ctx.lineWidth = 3 * devicePixelRatio;
  ctx.strokeStyle = halo;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}

/** The marks as they stand at this zoom. */
export function marksOf(plot, data) {
  const { min, max } = plot.scales.x, perPixel = ((max - min) * 1e6) / Math.max(1, plot.bbox.width / devicePixelRatio);
  if (data.gathered?.perPixel !== perPixel) data.gathered = { perPixel, marks: gathered(data.marks, perPixel) };
  return data.gathered.marks;
}

function place(plot, data, time, apart, inCanvas) {
  const unit = inCanvas ? devicePixelRatio : 1;
  const top = inCanvas ? plot.bbox.top : 0, height = inCanvas ? plot.bbox.height : plot.over.clientHeight;
  const candle = data.candles?.length ? candleAt(data.candles, time) : undefined; // over its highest or under its lowest price
  const y = plot.valToPos(candle ? candle[apart > 0 ? 4 : 3] : valueAt(data, time), "y", inCanvas) + apart * unit;
  return [plot.valToPos(time / 1e6, "x", inCanvas), Math.min(top + height - 8 * unit, Math.max(top + 8 * unit, y))];
}

/** Where a mark is drawn: in the middle of what it gathers, over or under the curve. */
export const markAt = (plot, data, mark, inCanvas) => place(plot, data, (mark.time + mark.until) / 2, GLYPHS[mark.what][2], inCanvas);

/** Where key moments are drawn: on the curve; over one another where they come too close, or under, where there is no room. */
export function momentsAt(plot, data, moments, inCanvas) {
  const apart = 18 * (inCanvas ? devicePixelRatio : 1), highest = apart / 2 - (inCanvas ? 0 : plot.bbox.top / devicePixelRatio), found = [];
  for (const moment of moments) {
    const [x, curve] = place(plot, data, moment.time, 0, inCanvas);
    const taken = (y) => found.some(([left, top]) => Math.hypot(left - x, top - y) < apart - 0.5);
    let y = curve;
    while (taken(y)) y -= apart;
    if (y < highest) for (y = curve; taken(y);) y += apart;
    found.push([x, y]);
  }
  return found;
}

function padded(low, high, beneath) {
  if (low === null) return [0, 1];
  const space = (high - low) * SPACE || Math.abs(high) * 0.01 || 1;
  const least = low - space, most = high + space;
  return beneath ? [least - ((most - least) * BENEATH) / (1 - BENEATH), most] : [least, most];
}

/** Of the wealth's ticks those that lie over the drawdown. */
function above(plot, texts, splits, beneath) {
  if (!beneath) return texts;
  const { min, max } = plot.scales.y, bound = min + (max - min) * (BENEATH + 0.03);
  return texts.map((text, at) => (splits[at] < bound ? "" : text));
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
