// The stream of frames: opened, watched, and opened again.
//
// A page in the background closes its stream, so that it costs the watched program nothing, and so
// that other pages of the browser get their connections: a browser opens six to one host.

/** No frame for this long means that the stream is broken, though the connection may stand. */
const SILENCE_MAX = 5000;
/** Attempts come after this time, twice as long after each failure, up to the longest. */
const PAUSE = 1000;
const PAUSE_MAX = 10000;
/** A page that is hidden for this long closes its stream. */
const HIDDEN_MAX = 10000;

export class Stream {
  /** `on` has `frame`, `actor` and `state`; the latter is told `{ kind, text, retryAt }`. */
  constructor(on) {
    this.on = on;
    this.actor = null;
    this.source = null;
    this.pause = PAUSE;
    this.timer = null;
    this.isPaused = false;
    this.last = 0;
    setInterval(() => this.watch(), 1000);
    document.addEventListener("visibilitychange", () => this.visibility());
  }

  /** Asks for the detail of an actor from now on; `null` for none. */
  select(actor) {
    if (actor === this.actor && this.source) return;
    this.actor = actor;
    if (!this.isPaused) this.open();
  }

  setPaused(isPaused) {
    this.isPaused = isPaused;
    if (isPaused) {
      this.close();
      this.on.state({ kind: "paused", text: "paused" });
    } else {
      this.open();
    }
  }

  open() {
    this.close();
    const query = this.actor === null ? "" : `?actor=${encodeURIComponent(this.actor)}`;
    const source = new EventSource(`/events${query}`);
    this.source = source;
    this.last = performance.now();
    const guarded = (handle) => (event) => {
      if (source !== this.source) return;
      this.last = performance.now();
      handle(event);
    };
    source.addEventListener("frame", guarded((event) => {
      this.pause = PAUSE;
      this.on.state({ kind: "live", text: "live" });
      this.on.frame(JSON.parse(event.data));
    }));
    source.addEventListener("actor", guarded((event) => this.on.actor(JSON.parse(event.data))));
    source.addEventListener("end", guarded((event) => this.broken(JSON.parse(event.data))));
    source.addEventListener("error", () => {
      if (source === this.source) this.refused();
    });
  }

  close() {
    clearTimeout(this.timer);
    this.timer = null;
    this.source?.close();
    this.source = null;
  }

  /** An event source does not tell the status, so another request finds out. */
  async refused() {
    this.broken("the stream broke");
    try {
      const answer = await fetch("/healthz", { cache: "no-store" });
      if (this.source || !this.timer) return;
      this.broken(answer.ok ? "the server answers, but has no room for another stream" : `the server refuses: ${answer.status}`);
    } catch {
      if (!this.source && this.timer) this.broken("the server does not answer");
    }
  }

  broken(text) {
    const isFirst = !this.timer;
    this.source?.close();
    this.source = null;
    if (isFirst) {
      this.retryAt = performance.now() + this.pause;
      this.timer = setTimeout(() => this.open(), this.pause);
      this.pause = Math.min(this.pause * 2, PAUSE_MAX);
    }
    this.on.state({ kind: "broken", text, retryAt: this.retryAt });
  }

  watch() {
    if (this.source && performance.now() - this.last > SILENCE_MAX) this.broken("no frame for 5 s");
  }

  visibility() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => this.close(), HIDDEN_MAX);
    } else if (!this.source && !this.isPaused) {
      this.open();
    }
  }
}
