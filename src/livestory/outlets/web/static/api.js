// Requests to the server that this page came from.

export class Refused extends Error {
  constructor(status, reason) { super(reason); this.status = status; }
}

let story = new URLSearchParams(location.search).get("story");
export const chosenStory = () => story;

/** What the page came with: answers by the address that they would be asked for, each good for once. */
const first = JSON.parse(document.getElementById("first-answers")?.content.textContent ?? "{}");

export function address(path, parameters = {}, of = story) {
  const query = new URLSearchParams();
  if (of !== null && !["api/stories", "api/groups", "api/bots", "api/timeline"].includes(path)) query.set("story", of);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The answer as an object. Throws Refused, and TypeError where nobody answers; leads to the login where it must. */
export async function ask(path, parameters = {}, signal = undefined) {
  const plain = address(path, parameters, null), known = first[plain];
  delete first[plain];
  if (known) return known;
  const answer = await fetch(address(path, parameters), { signal, headers: { Accept: "application/json" } });
  document.getElementById("logout").hidden = answer.headers.get("Livestory-Session") !== "open";
  if (answer.status === 401) {
    location.replace(`login${location.search}${location.hash}`);
    throw new Refused(401, "The token is needed.");
  }
  if (!answer.ok) {
    let reason = `The server answered ${answer.status}.`;
    try { reason = (await answer.json()).error; } catch { /* not ours: a proxy's page */ }
    throw new Refused(answer.status, reason);
  }
  return answer.json();
}
