// Which actors wait for which, as a graph and as a list of sentences.
//
// Columns from left to right: who waits is left of what it waits for. The actor at the end of the
// chains is the bottleneck; it has a double border and says so.

import { el, plural, svg, time } from "./text.js";

/** Actors in the graph; the list below it has all edges. */
const NODES = 24;
const [WIDTH, HEIGHT, GAP_X, GAP_Y] = [176, 42, 96, 22];

/** The column of each actor: the longest way to it, with cycles cut. */
function columnsOf(names, edges) {
  const columns = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round += 1) {
    let changed = false;
    for (const { actor, waits_for: to } of edges) {
      const next = columns.get(actor) + 1;
      if (next > columns.get(to) && next < names.length) {
        columns.set(to, next);
        changed = true;
      }
    }
    if (!changed) break;
  }
  // A cycle pushes its columns apart; numbers without gaps draw it small.
  const used = [...new Set(columns.values())].sort((a, b) => a - b);
  for (const [name, column] of columns) columns.set(name, used.indexOf(column));
  return columns;
}

/** One arrow for each two actors, whatever one waits for. */
function joined(edges) {
  const arrows = new Map();
  for (const edge of edges) {
    const key = JSON.stringify([edge.actor, edge.waits_for]);
    const known = arrows.get(key);
    if (known) Object.assign(known, { words: [...known.words, edge.what], turns: known.turns + edge.turns, share: Math.max(known.share, edge.share) });
    else arrows.set(key, { ...edge, words: [edge.what] });
  }
  return [...arrows.values()];
}

const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export const WHAT = { answer: "an answer", slot: "a slot", start: "its start", end: "its end" };

export class Waits {
  constructor(root, list, state, onSelect) {
    Object.assign(this, { root, list, state, onSelect, shape: "" });
  }

  draw() {
    const { waits, bottleneck } = this.state.frame;
    const names = [];
    for (const { actor, waits_for: to } of waits) {
      for (const name of [to, actor]) if (!names.includes(name) && names.length < NODES) names.push(name);
    }
    const edges = waits.filter(({ actor, waits_for: to }) => names.includes(actor) && names.includes(to));
    this.graph(names, edges, bottleneck?.actor);
    this.sentences(waits);
  }

  graph(names, edges, bottleneck) {
    const loads = names.map((name) => {
      const actor = this.state.actors.get(name);
      return actor ? `${actor.depth}/${actor.capacity} queued` : "ended";
    });
    const shape = JSON.stringify([names, loads, edges.map((edge) => [edge.actor, edge.waits_for, edge.what, edge.turns, edge.share]), bottleneck]);
    if (shape === this.shape) return;
    this.shape = shape;
    if (!names.length) {
      this.root.replaceChildren(el("p", { class: "empty" }, "No turn waited for an actor in the last 10 s."));
      return;
    }
    const columns = columnsOf(names, edges);
    const arrows = joined(edges);
    const counts = [];
    const places = new Map(names.map((name) => {
      const column = columns.get(name);
      counts[column] = (counts[column] ?? 0) + 1;
      return [name, { x: column * (WIDTH + GAP_X) + 8, y: (counts[column] - 1) * (HEIGHT + GAP_Y) + 8 }];
    }));
    const width = counts.length * (WIDTH + GAP_X) - GAP_X + 16;
    const height = Math.max(...counts.map((many) => many ?? 0)) * (HEIGHT + GAP_Y) + 16;
    const text = edges.map(({ actor, waits_for: to }) => `${actor} waits for ${to}`).join("; ");
    const drawn = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": text },
      svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" },
        svg("path", { d: "M0 0 L8 4 L0 8 z", class: "arrow-head" }))),
      arrows.map((edge) => this.edge(edge, places)),
      names.map((name, at) => this.node(name, loads[at], places.get(name), name === bottleneck)));
    drawn.style.maxWidth = `${width / 15}rem`;
    this.root.replaceChildren(drawn);
  }

  edge({ actor, waits_for: to, words, turns, share }, places) {
    const [from, end] = [places.get(actor), places.get(to)];
    const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, end.x, end.y + HEIGHT / 2];
    const bend = Math.max(30, Math.abs(x2 - x1) / 2);
    // An arrow past another actor of the row runs below it; a curve sags by three quarters of this.
    const sag = y1 === y2 && Math.abs(x2 - x1) > GAP_X + 1 ? HEIGHT * 1.6 : 0;
    const kind = `edge ${turns ? "now" : "past"} ${words.join(" ")}`;
    return svg("g", { class: kind },
      svg("path", { d: `M${x1} ${y1} C${x1 + bend} ${y1 + sag} ${x2 - bend} ${y2 + sag} ${x2} ${y2}`, "marker-end": "url(#arrow)", "stroke-width": 1 + share * 2.5 }),
      svg("text", { x: (x1 + x2) / 2, y: (y1 + y2) / 2 + sag * 0.75 - 5, "text-anchor": "middle" }, words.join(", ")));
  }

  node(name, load, { x, y }, isBottleneck) {
    const pick = () => this.onSelect(name);
    return svg("g", { class: `node${isBottleneck ? " bottleneck" : ""}`, transform: `translate(${x} ${y})`, onclick: pick },
      svg("title", {}, name),
      isBottleneck && svg("rect", { x: -4, y: -4, width: WIDTH + 8, height: HEIGHT + 8, rx: 9, class: "ring" }),
      svg("rect", { width: WIDTH, height: HEIGHT, rx: 6 }),
      svg("text", { x: WIDTH / 2, y: 18, "text-anchor": "middle", class: "node-name" }, shortened(name, 18)),
      svg("text", { x: WIDTH / 2, y: 34, "text-anchor": "middle", class: "node-load" }, isBottleneck ? `bottleneck · ${load}` : load));
  }

  sentences(waits) {
    const lines = waits.slice(0, 30).map(({ actor, waits_for: to, what, turns, share, longest_ms: longest }) => {
      const now = turns ? `${plural(turns, "turn")} now` : "not now";
      return [actor, to, `waits for ${WHAT[what] ?? what} of`, `${now}, in ${Math.round(share * 100)} % of the last 10 s; longest turn ${time(longest)}`];
    });
    const text = JSON.stringify(lines);
    if (text === this.lines) return;
    this.lines = text;
    const link = (name) => el("button", { type: "button", class: "link", onclick: () => this.onSelect(name) }, name);
    const focused = [...this.list.querySelectorAll("button")].indexOf(document.activeElement);
    this.list.replaceChildren(...lines.map(([actor, to, middle, rest]) => el("li", {}, link(actor), ` ${middle} `, link(to), el("small", {}, ` ${rest}`))));
    this.list.querySelectorAll("button")[focused]?.focus();
  }
}
