// What the reader chooses on every page: the zone of times, and dark or light.
import { byId, recall, remember, say } from "./dom.js";
import * as times from "./times.js";

function draw() {
  const zone = byId("zone");
  say(zone, times.isLocal() ? "Local time" : "UTC");
  zone.setAttribute("aria-pressed", String(times.isLocal()));
  say(byId("theme"), `Theme: ${recall("theme") ?? "auto"}`);
}

/** Offer the choices; zone() and theme() are called when one is made. */
export function offerChoices({ zone, theme }) {
  byId("zone").addEventListener("click", () => {
    times.setLocal(!times.isLocal());
    draw();
    zone();
  });
  byId("theme").addEventListener("click", () => {
    const next = { auto: "dark", dark: "light", light: "auto" }[recall("theme") ?? "auto"];
    remember("theme", next);
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    draw();
    theme();
  });
  draw();
}
