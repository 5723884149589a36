// The report of a retold story: charts and lines that lead to one another. All it shows is in the page itself.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const styles = getComputedStyle(document.documentElement), colours = new Map();
  const colour = (name) => { // asked once each: the browser would lay out the page anew for every mark
    if (!colours.has(name)) colours.set(name, styles.getPropertyValue(`--${name}`).trim());
    return colours.get(name);
  };
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  // Glyph, colour, distance from the curve in pixels; the urgent ones lie on top.
  const MARKS = {
    buy: ["▲", "up", 12], sell: ["▼", "down", -12], ath: ["◆", "ath", -12], breaker: ["✖", "bad", -16], halted: ["✖", "bad", -16],
    phoenix: ["★", "phoenix", -16], unhalted: ["★", "phoenix", -16],
  };
  const URGENT = new Set(["breaker", "halted", "phoenix", "unhalted"]);
  const groups = Object.entries(data.groups);
  const groupOf = (kind) => groups.find(([, kinds]) => kinds.includes(kind))?.[0];
  const events = data.events.map(([time, kind, mark, line], index) => {
    const [stamp, headline, facts, why] = split(line);
    return { index, time, mark: mark in MARKS ? mark : "", group: groupOf(kind), stamp, headline, facts, why, item: null };
  });
  const hidden = new Set();
  const plots = [];
  let chosen = null;

  function split(line) {
    const parts = line.split(" | ");
    return [parts[0], parts[1], parts[2], parts.slice(3).join(" | ")];
  }

  function head() {
    document.title = [data.symbol, data.source].filter(Boolean).join(": ");
    byId("title").textContent = data.symbol ? `${data.symbol}, told from ${data.source}` : `Told from ${data.source}`;
    byId("digest").append(make("strong", `${data.digest.title}: ${data.digest.verdict}`), ` ${data.digest.told.join(" ")}`);
    byId("head").textContent = split(data.head)[3];
    const [, , facts, why] = split(data.summary);
    for (const fact of [facts, ...why.split("; ")]) byId("figures").append(make("li", fact));
  }

  function months() {
    if (!data.months.length) return;
    const names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const years = new Map();
    for (const [start, change] of data.months) {
      const date = new Date(start * 1000);
      if (!years.has(date.getUTCFullYear())) years.set(date.getUTCFullYear(), Array(12).fill(null));
      years.get(date.getUTCFullYear())[date.getUTCMonth()] = change;
    }
    const table = make("table"), top = table.insertRow();
    for (const name of ["", ...names, "Year"]) top.append(make("th", name, { scope: "col" }));
    for (const [year, changes] of years) {
      const row = table.insertRow();
      row.append(make("th", String(year), { scope: "row" }));
      for (const change of changes) row.append(cell(change));
      const known = changes.filter((change) => change !== null);
      const sum = cell(known.reduce((product, change) => product * (1 + change), 1) - 1);
      sum.className = "sum";
      row.append(sum);
    }
    byId("months").append(make("h2", "Return by month, %"), table);
  }

  function cell(change) {
    const element = make("td", change === null ? "" : `${change >= 0 ? "+" : "−"}${Math.abs(change * 100).toFixed(1)}`);
    if (change !== null) {
      const strength = Math.min(1, Math.abs(change) / 0.15) * 0.35;
      element.style.background = `rgb(${change >= 0 ? "26 127 75" : "179 54 43"} / ${strength})`;
    }
    return element;
  }

  function ribbonKey() {
    const labels = [...new Set(data.regimes.map(([, , label]) => label))];
    if (!labels.length && !data.halts.length) return;
    for (const label of labels) byId("ribbon-key").append(swatch(hue(label)), label);
    if (data.halts.length) byId("ribbon-key").append(swatch("rgb(192 42 29 / .18)"), "halted");
  }

  function swatch(background) {
    const element = make("span", undefined, { class: "key" });
    element.style.background = background;
    return element;
  }

  function hue(label) {
    const named = { TREND: colour("trend"), MEAN_REV: colour("range") };
    if (named[label]) return named[label];
    let sum = 0;
    for (const letter of label) sum = (sum * 31 + letter.codePointAt(0)) % 360;
    return `hsl(${sum} 45% 55%)`;
  }

  function charts() {
    const times = data.times;
    if (times.length < 2) return;
    const inUnit = (name, unit) => (unit ? `${name}, ${unit}` : name);
    const shown = [["wealth", inUnit("Wealth", data.unit), 300], ["drawdown", "Drawdown, %", 130], ["price", inUnit("Price", data.quote), 190]];
    for (const [name, title, height] of shown) {
      const values = data[name];
      if (!values.some((value) => value !== null)) continue;
      const place = make("div", undefined, { class: "chart", role: "img", "aria-label": `${title} over time` });
      byId("plots").append(make("h2", title), place);
      plots.push(new uPlot(options(name, place.clientWidth || 700, height), [times, values], place));
    }
    new ResizeObserver(() => {
      for (const plot of plots) plot.setSize({ width: plot.root.parentElement.clientWidth, height: plot.height });
    }).observe(byId("plots"));
  }

  function options(name, width, height) {
    const axis = { stroke: colour("muted"), font: `11px ${colour("sans")}`, ticks: { show: false }, grid: { stroke: colour("hair"), width: 1 } };
    const stroke = { wealth: colour("accent"), drawdown: colour("down"), price: colour("ink") }[name];
    const fill = { wealth: "rgb(36 86 166 / .07)", drawdown: "rgb(179 54 43 / .14)" }[name];
    return {
      width, height, padding: [14, 12, 0, 0], legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { y: false, sync: { key: "story" }, drag: { x: true, y: false } },
      scales: { x: { time: true }, y: name === "drawdown" ? { range: (_plot, low) => [Math.min(low ?? -1, -1) * 1.05, 0] } : {} },
      axes: [axis, { ...axis, size: 62 }],
      series: [{}, { stroke, fill, width: 1.4, points: { show: false }, spanGaps: true }],
      hooks: {
        drawClear: [behind],
        draw: [(plot) => { if (plot === plots[0] || name === "wealth") marks(plot); line(plot); }],
        setScale: [(plot, key) => { if (key === "x") follow(plot); }],
        ready: [(plot) => plot.over.addEventListener("click", (event) => pick(plot, event))],
      },
    };
  }

  let following = false;
  function follow(plot) {
    if (following) return;
    following = true;
    const { min, max } = plot.scales.x;
    for (const other of plots) if (other !== plot) other.setScale("x", { min, max });
    following = false;
  }

  function clamp(plot, time) {
    const { left, width } = plot.bbox;
    return Math.max(left, Math.min(left + width, plot.valToPos(time, "x", true)));
  }

  function behind(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = "rgb(192 42 29 / .10)";
    for (const [start, end] of data.halts) {
      const x = clamp(plot, start);
      ctx.fillRect(x, bbox.top, Math.max(1, clamp(plot, end) - x), bbox.height);
    }
    const height = 5 * devicePixelRatio;
    for (const [start, end, label] of data.regimes) {
      const x = clamp(plot, start), to = clamp(plot, end);
      if (to <= x) continue;
      ctx.fillStyle = hue(label);
      ctx.fillRect(x, bbox.top + bbox.height - height, to - x, height);
    }
    ctx.restore();
  }

  function valueAt(plot, time) {
    const [times, values] = plot.data;
    let low = 0, high = times.length - 1;
    while (low < high) { const middle = (low + high) >> 1; if (times[middle] < time) low = middle + 1; else high = middle; }
    return values[low];
  }

  function visible(plot) {
    const { min, max } = plot.scales.x;
    return events.filter((event) => event.mark && !hidden.has(event.group) && event.time >= min && event.time <= max);
  }

  function position(plot, event, canvas) {
    const value = valueAt(plot, event.time);
    if (value === null || value === undefined) return null;
    const ratio = canvas ? devicePixelRatio : 1;
    const y = plot.valToPos(value, "y", canvas) + MARKS[event.mark][2] * ratio;
    const top = canvas ? plot.bbox.top : 0, height = canvas ? plot.bbox.height : plot.over.clientHeight;
    return [plot.valToPos(event.time, "x", canvas), Math.max(top + 8 * ratio, Math.min(top + height - 8 * ratio, y))];
  }

  function marks(plot) {
    const { ctx } = plot, ratio = devicePixelRatio, seen = visible(plot);
    const small = seen.length > 400;
    ctx.save();
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const event of seen.sort((a, b) => URGENT.has(a.mark) - URGENT.has(b.mark))) {
      const at = position(plot, event, true);
      if (!at) continue;
      const [glyph, name] = MARKS[event.mark], urgent = URGENT.has(event.mark);
      ctx.font = `${(urgent ? 15 : small ? 6 : 10) * ratio}px "DejaVu Sans", sans-serif`;
      if (!small || urgent) {
        ctx.lineWidth = 3 * ratio;
        ctx.strokeStyle = colour("paper");
        ctx.strokeText(glyph, ...at);
      }
      ctx.fillStyle = colour(name);
      ctx.fillText(glyph, ...at);
    }
    ctx.restore();
  }

  function line(plot) {
    if (!chosen) return;
    const { ctx, bbox } = plot, x = plot.valToPos(chosen.time, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.save();
    ctx.fillStyle = colour("accent");
    ctx.fillRect(x - devicePixelRatio / 2, bbox.top, devicePixelRatio, bbox.height);
    ctx.restore();
  }

  function pick(plot, click) {
    const box = plot.over.getBoundingClientRect(), left = click.clientX - box.left, top = click.clientY - box.top;
    let best = null, least = 14;
    if (plot === plots[0]) {
      for (const event of visible(plot)) {
        const at = position(plot, event, false);
        const distance = at ? Math.hypot(at[0] - left, at[1] - top) : Infinity;
        if (distance < least) [best, least] = [event, distance];
      }
    }
    if (!best) {
      const time = plot.posToVal(left, "x");
      for (const event of events) {
        if (!hidden.has(event.group) && (!best || Math.abs(event.time - time) < Math.abs(best.time - time))) best = event;
      }
    }
    if (best) choose(best, false);
  }

  function choose(event, look) {
    chosen?.item.classList.remove("chosen");
    chosen = event;
    event.item.classList.add("chosen");
    if (!look) event.item.scrollIntoView({ block: "center" });
    if (!plots.length) return;
    const { min, max } = plots[0].scales.x;
    if (look && (event.time < min || event.time > max)) {
      const span = max - min, first = data.times[0], last = data.times.at(-1);
      const start = Math.max(Math.min(event.time - span / 2, last - span), Math.min(first, event.time));
      plots[0].setScale("x", { min: start, max: start + span });
    }
    for (const plot of plots) plot.redraw(false);
  }

  function lines() {
    const list = document.createDocumentFragment();
    for (const event of events) {
      const item = make("li", undefined, { tabindex: "0", "data-group": event.group });
      item.append(make("time", event.stamp), make("b", event.headline), event.facts);
      if (event.why) item.append(make("small", event.why));
      event.item = item;
      list.append(item);
      item.addEventListener("click", () => choose(event, true));
      item.addEventListener("keydown", (key) => { if (key.key === "Enter") choose(event, true); });
    }
    byId("lines").append(list);
  }

  function filters() {
    const count = new Map();
    for (const event of events) count.set(event.group, (count.get(event.group) ?? 0) + 1);
    for (const [name] of groups) {
      if (!count.has(name)) continue;
      const label = make("label"), box = make("input", undefined, { type: "checkbox" });
      box.checked = true;
      label.append(box, ` ${name} (${count.get(name)})`);
      byId("kinds").append(label);
      box.addEventListener("change", () => {
        if (box.checked) hidden.delete(name); else hidden.add(name);
        for (const event of events) event.item.hidden = hidden.has(event.group);
        for (const plot of plots) plot.redraw(false);
      });
    }
  }

  head();
  charts(); // before the lines, which would all be laid out to find the width of the charts
  ribbonKey();
  months();
  lines();
  filters();
  document.body.dataset.ready = "1";
})();
