// Bars as candles. A candle is [start, end, open, high, low, close], its instants microseconds.

/** Of a price's data: the line as far as no bar is known, then a place for each candle; its value is the close. */
export function candleRows({ times, values, candles }) {
  const line = times.length - candles.length, none = candles.map(() => null), before = times.slice(0, line).map(() => null);
  return [
    [...times.slice(0, line), ...candles.map(([start, end]) => (start + end) / 2)].map((time) => time / 1e6),
    values,
    [...values.slice(0, line), ...none],
    [...before, ...candles.map(([, , , high]) => high)], [...before, ...candles.map(([, , , , low]) => low)],
  ];
}

/** The series of those rows: all but the line are there for the scale and the cursor, and drawn as candles. */
export const candleSeries = (paint) => {
  const unseen = { stroke: "transparent", width: 0, points: { show: false } };
  return [{}, unseen, { stroke: paint["--accent"], width: 1.6, points: { show: false } }, unseen, unseen];
};

/** The candle at an instant: a fill that is told at the end of a bar belongs to that bar. Undefined where there is none. */
export function candleAt(candles, time) {
  let low = 0, high = candles.length;
  while (low < high) { const middle = (low + high) >> 1; if (candles[middle][1] < time) low = middle + 1; else high = middle; }
  return candles[low] && candles[low][0] < time ? candles[low] : undefined;
}

export function drawCandles(plot, candles, paint) {
  const { ctx, bbox } = plot, unit = devicePixelRatio, x = (time) => plot.valToPos(time / 1e6, "x", true), y = (price) => plot.valToPos(price, "y", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const [start, end, open, high, low, close] of candles) {
    const left = x(start), width = x(end) - left, middle = Math.round(left + width / 2), body = Math.max(unit, Math.round(width * 0.64));
    if (left + width < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.fillStyle = paint[close >= open ? "--buy" : "--sell"];
    ctx.fillRect(middle - unit / 2, y(high), unit, Math.max(unit, y(low) - y(high)));
    const top = y(Math.max(open, close));
    ctx.fillRect(Math.round(middle - body / 2), top, body, Math.max(unit, y(Math.min(open, close)) - top));
  }
  ctx.restore();
}

/** Fewer candles, each of several that follow one another, so that at most about so many stand from start to end. */
export function fewer(candles, start, end, most) {
  const shown = candles.filter(([from, to]) => to > start && from < end).length, each = 2 ** Math.max(0, Math.ceil(Math.log2(shown / most)));
  if (each === 1) return candles;
  const found = new Map(), long = (candles[0][1] - candles[0][0]) * each;
  for (const [from, to, open, high, low, close] of candles) {
    const begin = Math.floor(from / long) * long, before = found.get(begin);
    if (before) [before[3], before[4], before[5]] = [Math.max(before[3], high), Math.min(before[4], low), close];
    else found.set(begin, [begin, Math.max(to, begin + long), open, high, low, close]);
  }
  return [...found.values()];
}
