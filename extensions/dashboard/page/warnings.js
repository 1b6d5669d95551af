// Warnings of `/boundaries.json`: chains of waits that close a cycle, or that end where nothing absorbs pressure.

import { el } from "./text.js";

/** Boundaries change with configuration and with waits that were never seen before: rarely. */
const PERIOD = 15000;

const SIGNS = { cycle: "↻", nothing_absorbs: "▲" };

export class Warnings {
  constructor(section, onSelect) {
    Object.assign(this, { section, onSelect, shown: "", next: 0 });
    this.list = el("ul", {});
    section.append(el("h2", {}, "Warnings"), this.list);
  }

  /** Asks again if it is time. */
  async refresh(fetchJson) {
    const now = performance.now();
    if (now < this.next) return;
    this.next = now + PERIOD;
    const { warnings } = await fetchJson("/boundaries.json");
    const text = JSON.stringify(warnings);
    if (text === this.shown) return;
    this.shown = text;
    this.section.hidden = warnings.length === 0;
    this.list.replaceChildren(...warnings.map(({ kind, actors, sentence }) =>
      el("li", {}, el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[kind] ?? "▲"), " ",
        el("button", { type: "button", class: "link", onclick: () => this.onSelect(actors[0]) }, kind.replaceAll("_", " ")), ` – ${sentence}`)));
  }
}
