// Elements made and found. Text is only ever set as text.

export const byId = (id) => document.getElementById(id);

/** A new element with attributes and children; null children are left out, strings become text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The text of an element, set only where it changes, so that a screen reader says it once. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function press(group, chosen) {
  for (const button of group.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button === chosen));
  }
}

/** Resolves when what was changed is on the screen, or soon where nothing is painted. */
export const painted = () => new Promise((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, 100);
});

let fading = 0;
export function toast(text) {
  byId("toast").textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => { byId("toast").textContent = ""; }, 2500);
}

const kept = {};
/** A choice of this reader, kept where the browser allows it. */
export function recall(name) {
  try { return localStorage.getItem(`livestory-${name}`); } catch { return kept[name] ?? null; }
}
export function remember(name, value) {
  kept[name] = value;
  try { localStorage.setItem(`livestory-${name}`, value); } catch { /* for this visit only */ }
}
