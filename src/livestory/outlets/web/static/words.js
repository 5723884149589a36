// Words for the states and modes of a bot.
export const WORDS = {
  waiting: "No story yet", trouble: "In trouble", loading: "Loading", unknown: "No reading", trading: "Trading",
  halted: "Halted", stopped: "Stopped", overdue: "Not heard", catching_up: "Catching up",
};
export const MODES = { live: "Live money", paper: "Paper", testnet: "Testnet", simulated: "Simulated", replay: "Replay" };
