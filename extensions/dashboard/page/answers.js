// The first questions of somebody who is called at night, answered at the top.

import { count, el, outcome, time } from "./text.js";

export class Answers {
  constructor(root, state, onSelect) {
    Object.assign(this, { root, state, onSelect, text: "" });
  }

  draw() {
    const cards = [this.bottleneck(), this.refused(), this.slowest(), this.supervisor(), this.limits()];
    // Rebuilt only where a word has changed, so that focus and selection stay.
    const text = JSON.stringify(cards.map(({ title, head, rest, actor }) => [title, head, rest, actor]));
    if (text === this.text) return;
    this.text = text;
    const focused = [...this.root.children].indexOf(document.activeElement);
    this.root.replaceChildren(...cards.map((card) => this.card(card)));
    this.root.children[focused]?.focus?.();
  }

  card({ title, head, rest, actor, kind }) {
    const parts = [el("span", { class: "card-title" }, title), el("strong", {}, head), el("span", { class: "card-rest" }, rest)];
    if (!actor) return el("div", { class: `card ${kind ?? ""}` }, parts);
    return el("button", { type: "button", class: `card ${kind ?? ""}`, title: rest, onclick: () => this.onSelect(actor) }, parts);
  }

  bottleneck() {
    const title = "Bottleneck";
    const found = this.state.frame.bottleneck;
    if (!found) return { title, head: "none", rest: "No turn waits for an actor for long, and no mailbox is half full." };
    return { title, head: `⚑ ${found.actor}`, rest: found.why, actor: found.actor, kind: "warn" };
  }

  refused() {
    const title = "Refused and lost";
    const all = Object.entries(this.state.frame.outcomes_s).filter(([word]) => word !== "handled");
    all.sort((a, b) => b[1] - a[1]);
    if (!all.length) return { title, head: "nothing", rest: "In the last second no message was refused or lost." };
    const sum = all.reduce((total, [, rate]) => total + rate, 0);
    const parts = all.slice(0, 4).map(([word, rate]) => `${outcome(word).text} ${count(rate)}`);
    const actors = [...this.state.actors.values()];
    const worst = actors.reduce((a, b) => (a && a.refused_s + a.lost_s >= b.refused_s + b.lost_s ? a : b), null);
    return { title, head: `✕ ${count(sum)} a second`, rest: `${parts.join(" · ")}; most at ${worst.name}`, actor: worst.name, kind: "warn" };
  }

  slowest() {
    const title = "Slowest p99";
    const { times } = this.state.frame;
    if (!times.length) return { title, head: "not measured", rest: "SystemBuilder::histograms(64) measures one turn in 64." };
    const total = ({ queued, handled }) => queued.p99_ms + handled.p99_ms;
    const worst = times.reduce((a, b) => (total(a) >= total(b) ? a : b));
    const { queued, handled } = worst;
    const actor = [...this.state.actors.values()].find((one) => one.type === worst.type_name)?.name;
    const rest = `queue ${time(queued.p99_ms)}, handling ${time(handled.p99_ms)} (p99 of the last 10 s)`;
    return { title, head: `${worst.type_name}.${worst.message}`, rest, actor };
  }

  supervisor() {
    const title = "Last decision";
    const last = this.state.decisions[0];
    if (!last) return { title, head: "none", rest: "The runtime has had nothing to decide." };
    return { title, head: last.actor, rest: `#${last.serial} ${last.sentence}`, actor: last.actor };
  }

  limits() {
    const title = "Change a limit";
    if (!this.state.frame.allows_changes) {
      return { title, head: "read-only", rest: "Dashboard::allow_changes(token) lets this page change limits." };
    }
    return { title, head: "select an actor", rest: "then Limits: the words of the attributes, with your token." };
  }
}
