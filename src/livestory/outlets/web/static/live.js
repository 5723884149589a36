// The stream: it reconnects by itself, and asks for what it has missed, so that no line is lost and none comes twice.
import { address, ask } from "./api.js";

const SILENT = 40_000; // milliseconds without a sign of life; the server gives one every fifteen seconds
const LONGEST = 15_000;
const ANSWERED = 10_000; // milliseconds: after a sleep, a connection may be dead and not know it
const UNSEEN = 60_000; // between two looks of a tab that nobody sees; it holds no stream, of which a browser has six for a server

export class Live {
  #handlers; #after = 0; #journal = null; #source = null; #timer = 0; #wait = 1000; #heard = 0; #known = false; #resting = 0;

  /** handlers: line(event), status(status), anew(status), link(state, retryAt) */
  constructor(handlers) {
    this.#handlers = handlers;
    setInterval(() => { if (this.#source && Date.now() - this.#heard > SILENT) this.#lost(); }, 5000);
    addEventListener("online", () => this.retry());
    addEventListener("offline", () => { if (this.#source) this.#lost(); });
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.#resting);
      if (document.hidden) this.#resting = setTimeout(() => this.#rest(), UNSEEN);
      else this.retry();
    });
    addEventListener("pagehide", () => this.#source?.close());
    addEventListener("pageshow", (event) => { if (event.persisted) { this.#source = null; this.retry(); } });
  }

  /** Listen for what comes after that event of that journal. */
  listen(after, journal) {
    this.#after = after;
    this.#journal = journal;
    this.#known = true;
    if (document.hidden) this.#rest();
    else this.#open();
  }

  async retry() {
    clearTimeout(this.#timer);
    if (this.#source || !this.#known) return;
    if (document.hidden) { this.#rest(); return; }
    this.#handlers.link("connecting", null);
    try {
      await ask("api/status", {}, AbortSignal.timeout(ANSWERED));
      if (!this.#source) this.#open();
    } catch { if (!this.#source) this.#later(); }
  }

  /** Nobody sees the page: its title and icon are kept true without a stream. */
  async #rest() {
    for (const timer of [this.#timer, this.#resting]) clearTimeout(timer);
    this.#source?.close();
    this.#source = null;
    try {
      const status = await ask("api/status", {}, AbortSignal.timeout(ANSWERED));
      this.#handlers.link("live", null);
      this.#status(status);
    } catch { this.#handlers.link("lost", null); }
    if (document.hidden) this.#resting = setTimeout(() => this.#rest(), UNSEEN);
  }

  #open() {
    this.#source?.close();
    const source = new EventSource(address("api/stream", { after: this.#after, all: 1 }));
    this.#source = source;
    this.#heard = Date.now();
    const on = (name, handle) => source.addEventListener(name, (event) => {
      if (source !== this.#source) return;
      this.#heard = Date.now();
      handle(event.data ? JSON.parse(event.data) : null);
    });
    on("open", () => { this.#wait = 1000; this.#handlers.link("live", null); });
    on("pulse", () => undefined);
    on("line", (event) => {
      if (event.seq <= this.#after) return;
      this.#after = event.seq;
      this.#handlers.line(event);
    });
    on("status", (status) => this.#status(status));
    on("anew", (status) => {
      this.#journal = status.journal;
      this.#after = status.last_seq;
      this.#handlers.anew(status);
    });
    source.onerror = () => { if (source === this.#source) this.#lost(); };
  }

  #status(status) {
    const replaced = this.#journal !== null && status.journal !== null && status.journal !== this.#journal;
    if (status.journal !== null) this.#journal = status.journal;
    if (replaced) {
      this.#after = status.last_seq;
      this.#handlers.anew(status);
    } else this.#handlers.status(status);
  }

  #lost() {
    this.#source?.close();
    this.#source = null;
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#handlers.link("lost", Date.now() + this.#wait);
    this.#timer = setTimeout(() => this.retry(), this.#wait);
    this.#wait = Math.min(this.#wait * 1.7, LONGEST);
  }
}
