// Where the reader is, kept in the address, so that any view is a link: #e123&range=30&filter=Trades&q=breaker
let values = new Map();

function read() {
  values = new Map(location.hash.slice(1).split("&").filter(Boolean).map((part) => {
    const [name, value] = part.split("=", 2);
    return [name, value === undefined ? "" : decoded(value)];
  }));
}

function decoded(text) {
  try { return decodeURIComponent(text.replaceAll("+", " ")); } catch { return text; }
}

/** What the address says of that name; null where it says nothing. */
export const placed = (name) => values.get(name) ?? null;

/** The seq of the line that the address leads to; null where it leads to none. */
export function placedLine() {
  for (const name of values.keys()) if (/^e\d{1,15}$/.test(name)) return Number(name.slice(1));
  return null;
}

const OFTEN = 320; // milliseconds: browsers refuse an address that changes a hundred times in half a minute
let waiting = 0, written = -OFTEN;

/** Put something in the address; null takes it out. */
export function put(name, value) {
  if (value === null || value === "" || value === undefined) values.delete(name);
  else values.set(name, String(value));
  waiting ||= setTimeout(write, Math.max(0, written + OFTEN - performance.now()));
}

function write() {
  clearTimeout(waiting);
  waiting = 0;
  written = performance.now();
  const text = [...values].map(([key, kept]) => (kept === "" ? key : `${key}=${encodeURIComponent(kept)}`)).join("&");
  if (text !== location.hash.slice(1)) history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}

/** Call that when somebody changes the address by hand, or follows a link within the page. */
export function onMoved(moved) {
  addEventListener("hashchange", () => { clearTimeout(waiting); waiting = 0; read(); moved(); });
}
addEventListener("pagehide", () => { if (waiting) write(); });

read();
