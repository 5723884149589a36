// Instants (microseconds since the epoch) in UTC or in the reader's own time.
import { recall, remember } from "./dom.js";

let local = recall("zone") === "local";
const formats = new Map();

function format(options) {
  const key = JSON.stringify(options) + local;
  if (!formats.has(key)) {
    const zone = local ? {} : { timeZone: "UTC" };
    formats.set(key, new Intl.DateTimeFormat("en-GB", { ...options, ...zone }));
  }
  return formats.get(key);
}

export const isLocal = () => local;
export function setLocal(value) {
  local = value;
  remember("zone", value ? "local" : "utc");
}

const date = (micros) => new Date(micros / 1000);
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export const clock = (micros) => format(CLOCK).format(date(micros));
export const day = (micros) => format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(date(micros));
export const shortDay = (micros) => format({ day: "numeric", month: "short" }).format(date(micros));
const isThisYears = (micros) => date(micros).getUTCFullYear() === new Date().getUTCFullYear();
/** A date and the clock; with the weekday where it is of this year, else with the year. */
export const moment = (micros) =>
  (isThisYears(micros) ? format({ weekday: "short", day: "numeric", month: "short", ...CLOCK }).format(date(micros)).replace(",", "") : dated(micros));
/** A date, with its year where that is another one. */
export const plainDay = (micros) => (isThisYears(micros) ? shortDay(micros) : dayAndYear(micros));
export const full = (micros) =>
  `${format({ year: "numeric", month: "2-digit", day: "2-digit", ...CLOCK, second: "2-digit" }).format(date(micros)).replace(",", "")} ${local ? "local" : "UTC"}`;
/** A length of time in its two largest units: "1d 4h", "12m 5s". */
export function duration(micros) {
  let seconds = Math.max(0, Math.round(micros / 1e6));
  const parts = [];
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]]) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count || parts.length) parts.push(`${count}${unit}`);
  }
  const shown = parts.slice(0, 2).filter((part, place) => place === 0 || !part.startsWith("0"));
  return shown.join(" ") || "0s";
}
export const month = (micros) => format({ month: "short", year: "numeric" }).format(date(micros));
export const dayAndYear = (micros) => format({ day: "numeric", month: "short", year: "numeric" }).format(date(micros));
/** A date with its year, and the clock. */
export const dated = (micros) => format({ day: "numeric", month: "short", year: "numeric", ...CLOCK }).format(date(micros)).replace(",", "");
/** The clock alone where it is the same day, else with its date. */
export const near = (micros, now) => (day(micros) === day(now) ? clock(micros) : moment(micros));
