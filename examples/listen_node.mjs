// The story of a bot in JavaScript, posted to `livestory listen`; Node 18 or newer, nothing else.
//
//     livestory listen --symbol BTC/USDT &
//     node examples/listen_node.mjs

const url = process.env.STORY_URL ?? "http://127.0.0.1:8731/tell";
const token = process.env.LIVESTORY_LISTEN_TOKEN;
const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };

const waiting = []; // what was not answered yet, the oldest first
let sending = null;

/** Tell an input without holding up the bot. It needs an id: sent again with the same one, it is told once. */
function tell(input) {
  waiting.push(input);
  sending ??= send().finally(() => (sending = null));
}

async function send() {
  for (let pause = 100; waiting.length > 0; ) {
    const batch = waiting.slice(0, 100);
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers,
        body: JSON.stringify(batch),
        signal: AbortSignal.timeout(5000),
      });
      if (answer.status >= 500 || answer.status === 429) throw new Error(`status ${answer.status}`);
      const replies = await answer.json();
      if (!Array.isArray(replies)) throw new Error(replies.error);
      for (const reply of replies) console.log(JSON.stringify(reply));
      waiting.splice(0, batch.length);
      pause = 100;
    } catch (error) {
      console.error(`not told yet: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, 5000);
    }
  }
}

// The bot itself: here some prices and two trades.
const start = Date.parse("2024-12-03T15:00:00Z");
tell({ input: "started", id: "js-start", time: start, wealth: 1000 });
[96500.1, 96810, 97310].forEach((price, bar) => {
  const time = start + (bar + 1) * 900_000;
  const side = { 0: "buy", 2: "sell" }[bar];
  if (side) tell({ input: "fill", id: `js-fill-${bar}`, time, side, quantity: "0.004", price, reason: "the bar says so" });
  tell({ input: "observation", id: `js-${time}`, time, wealth: 1000 + 4 * bar, price });
});
tell({ input: "stopped", id: "js-stop", time: start + 4 * 900_000, reason: "the example ended" });
