// Parts of the page of which one is shown at a time.
import { byId } from "./dom.js";
import { placed, put } from "./place.js";

const tabs = () => [...byId("tabs").querySelectorAll("[role=tab]")];
let onShown = () => undefined;

/** Show the part of that name. */
export function openTab(name) {
  for (const tab of tabs()) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
  put("tab", name === "story" ? null : name);
  onShown(name);
}

/** Let the reader choose; shown(name) is called with what is chosen. */
export function beginTabs(shown) {
  onShown = shown;
  byId("tabs").addEventListener("click", (event) => { if (event.target.dataset.tab) openTab(event.target.dataset.tab); });
  byId("tabs").addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const all = tabs().filter((tab) => !tab.hidden), next = all[(all.indexOf(event.target) + by + all.length) % all.length];
    openTab(next.dataset.tab);
    next.focus();
  });
  const asked = placed("tab");
  if (tabs().some((tab) => tab.dataset.tab === asked)) openTab(asked);
}
