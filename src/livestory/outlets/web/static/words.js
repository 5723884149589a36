// Words for the states and modes of a bot.
const WORDS = {
  waiting: "No story yet", trouble: "In trouble", loading: "Loading", unknown: "No reading", trading: "Trading",
  halted: "Halted", stopped: "Stopped", overdue: "Not heard", catching_up: "Catching up",
};
const MODES = { __proto__: null, live: "Live money", paper: "Paper", testnet: "Testnet", simulated: "Simulated", replay: "Replay" };

/** The mode in words: one of ours, or a bot's own; empty where none is known. */
export const mode = (name) => MODES[name] ?? name ?? "";

/** It has said that it runs, and its first bar is still to come. */
export const begun = (status) => status.state === "unknown" && Boolean(status.kinds.started) && !status.kinds.trade;

/** The state of a bot in a word or two. */
export const word = (status) => (begun(status) ? "Waiting" : status.state === "trading" && status.mode === "replay" ? "Replaying" : WORDS[status.state]);
