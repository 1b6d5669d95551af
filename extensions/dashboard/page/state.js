// What the page knows: the actors of the latest frame, their short history, the selected actor's
// longer one.
//
// Memory: an actor that never had a message keeps no history. One that had keeps two arrays of 120
// numbers. So 10,000 busy actors take ten megabytes. Longer series are kept for the actors that
// were selected last.

/** Samples of the short history: two minutes. */
export const HISTORY = 120;
/** Samples of the selected actor, and of the whole system: ten minutes. */
const SERIES = 600;
/** Selected actors whose series are kept. */
const SERIES_KEPT = 6;
/** Decisions and letters on the page; the server keeps as many. */
const DECISIONS = 1024;
const LETTERS = 128;

export const LEVELS = ["calm", "elevated", "overloaded"];

class Actor {
  constructor(name) {
    this.name = name;
    this.depths = null;
    this.bad = null;
    this.key = name.toLowerCase();
  }

  get fill() {
    return this.capacity ? this.depth / this.capacity : 0;
  }

  /** How much this actor needs a look: for the order of a table. */
  get attention() {
    return this.level * 10 + (this.stalled_ms > 1000 ? 20 : 0) + this.fill * 5 + (this.refused_s + this.lost_s > 0 ? 3 : 0);
  }

  /** Whether anything happened or waits. */
  get isBusy() {
    return this.depth + this.waiting + this.busy + this.offered_s + this.handled_s + this.level > 0;
  }

  remember(at) {
    const bad = this.refused_s + this.lost_s;
    if (!this.depths) {
      if (!this.depth && !bad) return;
      this.depths = new Float32Array(HISTORY);
      this.bad = new Float32Array(HISTORY);
    }
    this.depths[at] = this.depth;
    this.bad[at] = bad;
  }
}

/** Numbers over time, as columns; the oldest are forgotten. */
export class Series {
  constructor() {
    this.at = [];
    this.columns = new Map();
  }

  add(at, numbers) {
    for (const name of Object.keys(numbers)) {
      if (!this.columns.has(name)) this.columns.set(name, new Array(this.at.length).fill(null));
    }
    this.at.push(at / 1000);
    for (const [name, column] of this.columns) column.push(numbers[name] ?? null);
    if (this.at.length <= SERIES) return;
    this.at.shift();
    for (const column of this.columns.values()) column.shift();
  }

  column(name) {
    return this.columns.get(name) ?? new Array(this.at.length).fill(null);
  }
}

export class State {
  constructor() {
    this.selected = null;
    this.reset(null);
  }

  /** Forgets everything: another process answers. */
  reset(began) {
    this.began = began;
    this.actors = new Map();
    this.structure = 0;
    this.frame = null;
    this.at = -1;
    this.frames = 0;
    this.times = new Float64Array(HISTORY);
    this.system = new Series();
    this.series = new Map();
    this.detail = null;
    this.decisions = [];
    this.letters = [];
    this.lettersTotal = { total: 0, missed: 0 };
    this.uptime = 0;
  }

  /** Takes a frame over. Returns whether another process sent it. */
  apply(frame) {
    const isNew = this.began !== null && this.began !== frame.began_ms;
    if (this.began !== frame.began_ms) this.reset(frame.began_ms);
    this.frame = frame;
    this.frames += 1;
    this.at = (this.at + 1) % HISTORY;
    this.now = frame.began_ms + frame.at_ms;
    this.times[this.at] = this.now;
    this.applyRows(frame);
    this.totals = this.summed();
    this.system.add(this.now, frame.outcomes_s);
    return isNew;
  }

  applyRows({ rows, columns, types, serial }) {
    let changed = this.actors.size !== rows.length;
    for (const row of rows) {
      const name = row[0];
      let actor = this.actors.get(name);
      if (!actor) {
        actor = new Actor(name);
        this.actors.set(name, actor);
        changed = true;
      }
      for (let at = 2; at < columns.length; at += 1) actor[columns[at]] = row[at] ?? 0;
      actor.type = types[row[1] ?? 0];
      const parent = actor.parent ? rows[actor.parent - 1][0] : null;
      if (actor.parentName !== parent) {
        actor.parentName = parent;
        changed = true;
      }
      actor.serial = serial;
      actor.remember(this.at);
    }
    if (!changed) return;
    for (const [name, actor] of this.actors) if (actor.serial !== serial) this.actors.delete(name);
    this.structure += 1;
  }

  summed() {
    const totals = { depth: 0, handled_s: 0, refused_s: 0, lost_s: 0, waiting: 0, overloaded: 0, elevated: 0 };
    for (const actor of this.actors.values()) {
      totals.depth += actor.depth;
      totals.waiting += actor.waiting;
      totals.handled_s += actor.handled_s;
      totals.refused_s += actor.refused_s;
      totals.lost_s += actor.lost_s;
      if (actor.level === 2) totals.overloaded += 1;
      if (actor.level === 1) totals.elevated += 1;
    }
    return totals;
  }

  /** Takes the detail of the selected actor over. */
  applyDetail(detail) {
    if (detail.name !== this.selected) return;
    this.detail = detail;
    if (!detail.found) return;
    const { reading, rates } = detail;
    const numbers = {
      depth: reading.depth, capacity: reading.capacity, soft: reading.soft_limit,
      high: detail.high ? detail.high * reading.capacity : null,
      low: detail.low ? detail.low * reading.capacity : null,
      workers: reading.workers, busy: reading.workers_busy, waiting: reading.waiting, offered: rates.offered,
    };
    for (const [word, value] of Object.entries(detail.outcomes_s)) numbers[`out:${word}`] = value;
    for (const times of detail.times) {
      for (const part of ["queued", "handled"]) {
        for (const q of ["p50_ms", "p99_ms", "p999_ms"]) numbers[`${part}:${times.message}:${q}`] = times[part][q];
      }
    }
    this.seriesOf(detail.name).add(this.now, numbers);
  }

  seriesOf(name) {
    const series = this.series.get(name) ?? new Series();
    // The last one used is the last one of the map.
    this.series.delete(name);
    this.series.set(name, series);
    if (this.series.size > SERIES_KEPT) this.series.delete(this.series.keys().next().value);
    return series;
  }

  addDecisions(decisions, received) {
    const known = this.decisions.length ? this.decisions[0].serial : 0;
    for (const decision of decisions) {
      if (decision.serial <= known) continue;
      decision.at = received - decision.age_ms;
      this.decisions.unshift(decision);
    }
    this.decisions.length = Math.min(this.decisions.length, DECISIONS);
  }

  get lastDecision() {
    return this.decisions.length ? this.decisions[0].serial : 0;
  }

  addLetters({ total, missed, letters }, received) {
    const known = this.letters.length ? this.letters[0].serial : 0;
    this.lettersTotal = { total, missed };
    for (const letter of letters) {
      if (letter.serial <= known) continue;
      letter.at = received - letter.lost_ms_ago;
      this.letters.unshift(letter);
    }
    this.letters.length = Math.min(this.letters.length, LETTERS);
  }

  get lastLetter() {
    return this.letters.length ? this.letters[0].serial : 0;
  }
}
