// The log of decisions, and samples of lost messages.

import { clock, count, decided, el, time } from "./text.js";

/** Lines on the page at a time; the newest are of interest. */
const LINES = 200;

/** A sign for each kind, so that a line is found without reading. */
const SIGNS = {
  level_changed: "◆", workers_added: "⊕", workers_kept: "✓", workers_taken_back: "↩", workers_retired: "⊖",
  shedding_began: "▼", shedding_moved: "▽", shedding_ended: "○", soft_limit_began: "↓", soft_limit_ended: "↑",
  exhausted: "‼", stalled: "■", resumed: "▶", restarted: "↻", gave_up: "✕", kept_alive: "◷", turn_overdue: "◷", reconfigured: "✎",
};

const BAD = ["exhausted", "stalled", "gave_up", "turn_overdue", "kept_alive"];

export class Log {
  constructor(list, state, onSelect) {
    Object.assign(this, { list, state, onSelect, onlySelected: false, shown: "" });
  }

  draw() {
    const { decisions, selected } = this.state;
    const lines = this.onlySelected && selected ? decisions.filter(({ actor }) => actor === selected) : decisions;
    const shown = `${lines[0]?.serial}/${lines.length}/${this.onlySelected}/${selected}`;
    if (shown === this.shown) return;
    this.shown = shown;
    if (!lines.length) {
      this.list.replaceChildren(el("li", { class: "empty" }, "No decisions yet."));
      return;
    }
    this.list.replaceChildren(...lines.slice(0, LINES).map((line) => this.line(line)));
  }

  line({ serial, at, actor, sentence, kind }) {
    const name = decided(kind);
    return el("li", { class: BAD.includes(name) ? "bad" : "" },
      el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[name] ?? "·"),
      el("span", { class: "serial" }, `#${serial}`),
      el("time", {}, clock(at)),
      el("span", { class: "sentence" }, el("button", { type: "button", class: "link", onclick: () => this.onSelect(actor) }, actor), ` ${sentence}`));
  }
}

export class Letters {
  constructor(root, note, state, onSelect) {
    Object.assign(this, { root, note, state, onSelect, shown: "" });
  }

  draw() {
    const { letters, lettersTotal: { total, missed } } = this.state;
    const note = missed ? `${count(total)} seen, ${count(missed)} came too fast` : total ? `${count(total)} seen, newest samples` : "";
    if (this.note.textContent !== note) this.note.textContent = note;
    const shown = `${letters[0]?.serial}/${letters.length}`;
    if (shown === this.shown) return;
    this.shown = shown;
    if (!letters.length) {
      this.root.replaceChildren(el("p", { class: "empty" }, "No message was lost while this page looked."));
      return;
    }
    const head = ["When", "Message", "Reason", "Age", "Text"].map((text) => el("th", { scope: "col" }, text));
    const rows = letters.map((letter) => this.row(letter));
    this.root.replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)));
  }

  row({ at, actor, message, priority, reason, age_ms: age, text }) {
    const link = el("button", { type: "button", class: "link", onclick: () => this.onSelect(actor) }, `${actor}.${message}`);
    return el("tr", {},
      el("td", {}, clock(at)), el("td", {}, link, el("small", {}, ` ${priority}`)),
      el("td", {}, reason.replaceAll("_", " ")), el("td", { class: "number" }, time(age)),
      el("td", { class: "payload" }, text ?? ""));
  }
}
