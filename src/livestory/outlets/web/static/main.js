// The page: what is read first, what happens when something is told, and what the reader may choose.
import { ask, chosenStory } from "./api.js";
import { Chapters } from "./chapters.js";
import { Chart } from "./chart.js";
import { offerChoices } from "./choices.js";
import { byId, make, painted, say } from "./dom.js";
import * as head from "./head.js";
import { Live } from "./live.js";
import { Overview } from "./overview.js";
import { onMoved, placedLine } from "./place.js";
import { Story } from "./story.js";
import { beginTabs } from "./tabs.js";
import * as times from "./times.js";

const story = new Story((event) => chart.find(event.time), async (seq) => { if (seq > head.lastSeq()) heard(await ask("api/status")); });
const chart = new Chart((seq) => story.find(seq), (place) => overview.choose(place));
const overview = new Overview(chart, (seq) => story.find(seq));
const chapters = new Chapters((seq) => story.find(seq));
const live = new Live({
  status: heard,
  line(event) {
    story.line(event);
    chart.line(event);
    chapters.line(event);
    overview.refresh();
  },
  anew(status) {
    heard(status);
    begin(status);
  },
  link,
});

let heardLast; // not known yet, which is other than never
let loading = false; // the server still reads the story: what was asked of it until now is a beginning
function heard(status) {
  head.show(status);
  if (loading && status.state !== "loading") chapters.reloadSoon();
  loading = status.state === "loading";
  story.kinds(status.kinds, status.unshown);
  chart.status(status);
  if (heardLast !== undefined && status.heard !== heardLast) overview.refresh();
  heardLast = status.heard;
}

let lostSince = null;
let retryAt = null;
function link(state, next) {
  document.body.dataset.link = state;
  byId("link-state").dataset.link = state;
  say(byId("link-words"), { live: "Live", connecting: "Connecting", lost: "Not connected" }[state]);
  if (state === "live") lostSince = null;
  else if (state === "lost") lostSince ??= Date.now() * 1000;
  retryAt = next;
  head.connected(state !== "lost");
  const words = lostSince === null ? "" : `Connection lost at ${times.clock(lostSince)}. What you see is from before.`;
  byId("alarm").hidden = lostSince === null;
  say(byId("alarm-words"), words);
}

function tick() {
  head.tick();
  const seconds = retryAt === null ? 0 : Math.ceil((retryAt - Date.now()) / 1000);
  say(byId("retry"), seconds > 1 ? `Try now (${seconds} s)` : "Try now");
}

async function begin(status) {
  const read = story.reload();
  await chart.begin(status);
  if (chart.isDrawn) await painted(); // what it lacks is below it
  overview.reload();
  chapters.reload();
  await read;
}

async function stories() {
  const all = await ask("api/stories").catch(() => []);
  if (all.length < 2) return;
  byId("stories-label").hidden = false;
  byId("all-bots").textContent = "← All bots";
  const chosen = chosenStory() ?? all[0].story;
  byId("stories").replaceChildren(...all.map((each) =>
    make("option", { value: each.story, selected: each.story === chosen }, each.bot && each.bot !== each.story ? `${each.story} (${each.bot})` : each.story)));
  byId("stories").addEventListener("change", (event) => { location.href = `?story=${encodeURIComponent(event.target.value)}`; });
}

offerChoices({
  zone() {
    head.tick();
    story.redraw();
    chapters.redraw();
    overview.redraw();
    chart.redraw();
  },
  theme: () => chart.redraw(),
});
byId("retry").addEventListener("click", () => live.retry());
onMoved(() => {
  if (followLink()) return;
  chart.restore();
  chart.begin(head.last());
  story.restore();
  story.reload();
});

/** Lead to the line that the address names, if it names one. */
function followLink() {
  const seq = placedLine();
  if (seq !== null) story.find(seq);
  return seq !== null;
}

beginTabs((name) => overview.shown(name));
setInterval(tick, 1000);
byId("lines").append(...Array.from({ length: 8 }, () => make("div", { class: "ghost", "aria-hidden": "true" })));
stories();

async function start() {
  let status;
  try {
    const [groups, now] = await Promise.all([ask("api/groups"), ask("api/status")]);
    story.offer(groups);
    story.restore();
    status = now;
  } catch (error) {
    if (error.status === 404) { say(byId("bot"), "livestory"); say(byId("state-word"), "No such story"); say(byId("state-why"), error.message); return; }
    link("lost", Date.now() + 3000);
    setTimeout(start, 3000);
    return;
  }
  heard(status);
  const known = status.last_seq;
  await begin(status);
  live.listen(Math.max(known, story.last), status.journal);
  followLink();
}

start();
