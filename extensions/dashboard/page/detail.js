// The selected actor: what it does now, its charts, its message types, its boundaries, its limits.

import { Charts } from "./charts.js";
import { count, el, outcome, plural, rate, setText, time } from "./text.js";
import { Limits } from "./limits.js";
import { WHAT } from "./waits.js";

export class Detail {
  constructor(root, state, onSelect, onClose) {
    Object.assign(this, { root, state, onSelect, onClose });
    this.charts = new Charts(state);
    this.limits = new Limits(state);
    this.title = el("h2", {});
    this.about = el("p", { class: "about" });
    this.facts = el("dl", { class: "facts" });
    this.now = el("ul", { class: "now" });
    this.messages = el("div", { class: "scrolled" });
    this.boundaries = el("div", { class: "boundaries" });
    const close = el("button", { type: "button", onclick: () => onClose() }, "Close ", el("kbd", {}, "Esc"));
    this.content = el("div", {},
      el("div", { class: "bar" }, this.title, close), this.about, this.facts, this.now, this.charts.node,
      el("h3", {}, "Message types"), this.messages,
      el("h3", {}, "Boundaries"), this.boundaries,
      el("h3", {}, "Limits"), this.limits.node);
    this.empty = el("p", { class: "empty" }, "Select an actor: its queue, outcomes, times, workers, waits and limits are here.");
    root.replaceChildren(this.empty);
    this.keys = {};
  }

  select(name) {
    this.keys = {};
    this.limits.reset();
    if (name === null) {
      this.root.replaceChildren(this.empty);
      return;
    }
    this.root.replaceChildren(this.content);
    setText(this.title, name);
    setText(this.about, "loading");
    for (const node of [this.facts, this.now, this.messages, this.boundaries]) node.replaceChildren();
  }

  /** Replaces what is in a node only if the text behind it has changed. */
  replace(node, key, value, make) {
    const text = JSON.stringify(value);
    if (this.keys[key] === text) return;
    this.keys[key] = text;
    node.replaceChildren(...make());
  }

  draw() {
    const { detail, selected } = this.state;
    if (selected === null || !detail || detail.name !== selected) return;
    if (!detail.found) {
      setText(this.about, "It has ended, or has not started.");
      return;
    }
    const parent = detail.parent ? `, child of ${detail.parent}` : "";
    const children = detail.children ? `, ${plural(detail.children, "child").replace("childs", "children")}` : "";
    const restarts = detail.restarts ? `, ${plural(detail.restarts, "restart")}` : "";
    setText(this.about, `${detail.type_name}${parent}${children}${restarts}`);
    this.replace(this.facts, "facts", detail.reading, () => this.factList(detail.reading));
    this.replace(this.now, "now", [detail.turns, detail.waits_for, detail.waited_for_by], () => this.nowList(detail));
    this.replace(this.messages, "messages", [detail.messages, detail.times], () => [this.messageTable(detail)]);
    this.replace(this.boundaries, "boundaries", detail.boundaries, () => this.boundaryList(detail.boundaries));
    this.limits.draw(detail);
    this.charts.draw(selected);
  }

  factList(reading) {
    const sign = { calm: "○", elevated: "▲", overloaded: "⬢" }[reading.level] ?? "";
    const lanes = Object.entries(reading.lanes).filter(([, depth]) => depth > 0).map(([lane, depth]) => `${lane} ${depth}`);
    const facts = [
      ["level", `${sign} ${reading.level}`],
      ["queued", `${reading.depth} of ${reading.capacity}`],
      ["peak", reading.depth_peak],
      ["by priority", lanes.join(", ") || "–"],
      ["in line", reading.waiting],
      ["oldest", time(reading.oldest_age_ms)],
      ["workers", `${reading.workers_busy} of ${reading.workers} busy`],
      ["drains", `${count(reading.drain_rate)}/s`],
      ["arrives", `${count(reading.arrival_rate)}/s`],
      ["retry after", time(reading.retry_after_ms)],
      ["soft limit", reading.soft_limit ?? "–"],
      ["jobs", `${reading.jobs} of ${reading.jobs_max}`],
    ];
    if (reading.tokens !== null) facts.push(["tokens", reading.tokens]);
    if (reading.bytes) facts.push(["bytes", count(reading.bytes)]);
    if (reading.stored) facts.push(["stored", reading.stored]);
    if (reading.stalled_ms > 1000) facts.push(["stalled", `■ ${time(reading.stalled_ms)}`]);
    return facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value))));
  }

  /** What runs and what waits, equal lines as one. */
  nowList({ turns, waits_for: waitsFor, waited_for_by: waitedForBy }) {
    const link = (name) => el("button", { type: "button", class: "link", onclick: () => this.onSelect(name) }, name);
    const grouped = (items, key) => {
      const groups = new Map();
      for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
      return [...groups.values()].slice(0, 8);
    };
    const runs = grouped(turns, ({ message }) => message).map((same) => {
      const ages = same.map(({ age_ms: age }) => age ?? 0);
      return el("li", {}, `▶ ${plural(same.length, "turn")} of ${same[0].message}, the longest for ${time(Math.max(...ages))}`);
    });
    const waits = grouped(waitsFor, ({ actor, what }) => `${what} ${actor}`).map((same) =>
      el("li", {}, `◷ ${plural(same.length, "turn")} ${same.length === 1 ? "waits" : "wait"} for ${WHAT[same[0].what] ?? same[0].what} of `, link(same[0].actor)));
    const waited = grouped(waitedForBy, ({ actor, what }) => `${what} ${actor}`).map((same) =>
      el("li", {}, `← ${plural(same.length, "turn")} of `, link(same[0].actor), ` ${same.length === 1 ? "waits" : "wait"} for ${WHAT[same[0].what] ?? same[0].what}`));
    return [...runs, ...waits, ...waited];
  }

  messageTable({ messages, times }) {
    const heads = ["Message", "Queued", "In/s", "Outcomes a second", "Queue p50 / p99 / p99.9", "Handling p50 / p99 / p99.9", "Since the start"];
    const quantiles = (numbers) => (numbers?.samples ? [numbers.p50_ms, numbers.p99_ms, numbers.p999_ms].map(time).join(" / ") : "–");
    const rows = messages.map((row) => {
      const measured = times.find(({ message }) => message === row.message);
      const outcomes = Object.entries(row.outcomes_s).map(([word, value]) => `${outcome(word).text} ${count(value)}`).join(", ");
      const counts = Object.entries(row.counts).filter(([word]) => !["queued", "waiting", "in_service", "stored"].includes(word));
      return el("tr", {},
        el("th", { scope: "row" }, row.message),
        el("td", { class: "number" }, count(row.queued) + (row.waiting ? ` +${row.waiting}` : "")),
        el("td", { class: "number" }, rate(row.offered_s)),
        el("td", { class: "wide" }, outcomes),
        el("td", { class: "number" }, quantiles(measured?.queued)),
        el("td", { class: "number" }, quantiles(measured?.handled)),
        el("td", { class: "wide" }, counts.map(([word, value]) => `${word.replaceAll("_", " ")} ${count(value)}`).join(", ")));
    });
    return el("table", {}, el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, rows));
  }

  boundaryList(boundary) {
    if (!boundary) return [el("p", { class: "empty" }, "Not known.")];
    const row = ({ message, overflow, bound, when_full: whenFull, pressure_goes: goes, seen_by: seen }) =>
      el("tr", {}, el("th", { scope: "row" }, message, el("small", {}, ` ${overflow.join(", ")}`)),
        el("td", {}, bound ?? "the actor's"), el("td", {}, whenFull), el("td", {}, goes), el("td", {}, seen));
    const heads = ["Message", "What is the bound?", "What happens when it is full?", "Where does the pressure go?", "What can see it?"];
    return [
      el("p", {}, boundary.bound),
      el("div", { class: "scrolled" }, el("table", {}, el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, boundary.messages.map(row)))),
    ];
  }
}
