// The report: the components of the page, with nobody to ask but the report itself.
import { carried, counted } from "./api.js";
import { Chart } from "./chart.js";
import { byId, make, say } from "./dom.js";
import { Overview } from "./overview.js";
import { onMoved, placedLine } from "./place.js";
import { Story } from "./story.js";
import { beginTabs } from "./tabs.js";

const story = new Story((event) => chart.find(event.time), () => undefined, true);
const chart = new Chart((seq) => story.find(seq), (place) => overview.choose(place));
const overview = new Overview(chart, (seq) => story.find(seq));
const { review } = carried;
const status = { state: "stopped", clock: "bars", heard: review.until, first_time: review.since, positions: null, ...carried, wealth: carried.wealth_now };

function head() {
  document.title = [carried.symbol, carried.source].filter(Boolean).join(": ");
  say(byId("title"), carried.symbol ? `${carried.symbol}, told from ${carried.source}` : `Told from ${carried.source}`);
  byId("digest").append(make("strong", {}, `${carried.digest.title}.`), ` ${carried.digest.told.join(" ")}`);
  say(byId("head"), carried.head.join("; "));
  byId("summary").append(...carried.summary.filter(Boolean).map((fact) => make("li", {}, fact)));
  byId("left-out").hidden = !carried.left_out;
  say(byId("left-out"), `The ${carried.left_out.toLocaleString("en-US")} oldest lines are not in this file, which would be too large with them. livestory explain writes them all with --out.`);
}

async function begin() {
  head();
  const { kinds, unshown } = counted();
  story.offer(carried.groups);
  story.restore();
  story.kinds(kinds, unshown);
  beginTabs((name) => overview.shown(name));
  await Promise.all([chart.begin(status), overview.reload(), story.reload()]);
  overview.shown("trades");
  if (placedLine() !== null) await story.find(placedLine());
  document.body.dataset.ready = "1";
}

onMoved(() => { if (placedLine() !== null) story.find(placedLine()); });

let theme; // the reader's own, while it is printed
addEventListener("beforeprint", () => {
  const root = document.documentElement;
  theme = root.dataset.theme;
  root.dataset.theme = "light"; // the chart is drawn now, in the colours and as wide as it will be on paper
  root.classList.add("printing");
  chart.redraw();
  overview.all();
  story.all();
});
addEventListener("afterprint", () => {
  const root = document.documentElement;
  if (theme === undefined) delete root.dataset.theme;
  else root.dataset.theme = theme;
  root.classList.remove("printing");
  chart.redraw();
});
begin();
