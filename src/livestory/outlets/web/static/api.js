// Requests to the server that this page came from.

export class Refused extends Error {
  constructor(status, reason) { super(reason); this.status = status; }
}

let story = new URLSearchParams(location.search).get("story");
export const chosenStory = () => story;

export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  if (story !== null && !["api/stories", "api/groups", "api/bots", "api/timeline"].includes(path)) query.set("story", story);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The answer as an object. Throws Refused, and TypeError where nobody answers; leads to the login where it must. */
export async function ask(path, parameters = {}, signal = undefined) {
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
