// What is marked on a chart. Marks that would lie upon one another are gathered into one with their number.

/** Of each mark its glyph, its colour, and how far from the curve it stands in pixels. */
export const GLYPHS = {
  buy: ["▲", "--buy", 13], sell: ["▼", "--sell", -13], ath: ["◆", "--ath", -13], breaker: ["✖", "--bad", -15], halted: ["✖", "--bad", -15],
  phoenix: ["★", "--phoenix", -15], unhalted: ["★", "--phoenix", -15],
};
const COMMON = new Set(["buy", "sell", "ath"]);
const APART = 22; // pixels that two gathered marks of one kind are apart at least

export const isUrgent = (what) => !COMMON.has(what);

/** Marks [seq, time, what] (and how many they are, up to when, where they were gathered before) gathered by place: { seq, time, what, count, until }; the urgent ones come last, each alone.
 * The places stay the same when the chart is moved. */
export function gathered(marks, perPixel) {
  const cell = perPixel * APART, found = new Map(), urgent = [];
  for (const [seq, time, what, count = 1, until = time] of marks) {
    if (!GLYPHS[what]) continue;
    if (isUrgent(what)) { urgent.push({ seq, time, what, count, until }); continue; }
    const key = `${what} ${Math.floor(time / cell)}`, other = found.get(key);
    if (other) { other.count += count; other.until = until; } else found.set(key, { seq, time, what, count, until });
  }
  return [...found.values(), ...urgent];
}

const NAMES = {
  buy: ["buy", "buys"], sell: ["sell", "sells"], ath: ["all-time high", "all-time highs"],
};
export const named = ({ what, count }) => (NAMES[what] ? `${count} ${NAMES[what][count === 1 ? 0 : 1]}` : `${count} × ${what}`);
