// Charts of the selected actor over time (uPlot), with its decisions as numbered marks.
//
// Lines differ in dashes too, and each has its word and its number in the legend below the chart.

import { OUTCOMES, clock, colour, count, decided, el, outcome, time } from "./text.js";

/** Canvas text does not follow the page's font size by itself. Returns pixels for a part of it. */
const size = (part) => Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * part);

/** Colours of outcomes, by their kind and their place in it. */
const SHADES = {
  good: ["--good"],
  refused: ["--refused-1", "--refused-2", "--refused-3"],
  lost: ["--lost-1", "--lost-2", "--lost-3"],
  replaced: ["--replaced-1", "--replaced-2"],
};

/** The colour of an outcome, which is the same whatever else there is. */
const shade = (word) => {
  const { kind } = outcome(word);
  const same = Object.keys(OUTCOMES).filter((other) => OUTCOMES[other].kind === kind);
  const shades = SHADES[kind];
  return colour(shades[Math.max(0, same.indexOf(word)) % shades.length]);
};

/** Draws the decisions as dashed lines with their number at the top; changes of the level, which are many, as ticks. */
const marks = (marksOf) => ({
  hooks: {
    draw: [(plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = colour("--mark");
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.font = `${size(0.68) * devicePixelRatio}px sans-serif`;
      ctx.textAlign = "center";
      let [last, drawn] = [-Infinity, 0];
      for (const { at, serial, kind } of marksOf()) {
        const x = plot.valToPos(at / 1000, "x", true);
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        drawn += 1;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        const isTick = decided(kind) === "level_changed";
        ctx.lineTo(x, bbox.top + (isTick ? size(0.5) * devicePixelRatio : bbox.height));
        ctx.stroke();
        if (isTick) continue;
        // Numbers that would overlap are left out; the lines stay.
        if (Math.abs(x - last) < size(2) * devicePixelRatio) continue;
        last = x;
        ctx.fillText(`#${serial}`, x, bbox.top - 3 * devicePixelRatio);
      }
      ctx.restore();
      plot.root.dataset.marks = drawn;
    }],
  },
});

/** One chart: a title, the plot, and a legend of our own, which is text. */
class Chart {
  constructor(title, note, marksOf, unit) {
    Object.assign(this, { marksOf, unit });
    this.legend = el("ul", { class: "legend" });
    this.box = el("div", { class: "plot" });
    this.node = el("figure", {}, el("figcaption", {}, title, " ", el("small", {}, note)), this.box, this.legend);
    this.plot = null;
    this.shape = "";
    new ResizeObserver(() => this.resize()).observe(this.box);
  }

  resize() {
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (this.plot && width > 0) this.plot.setSize({ width, height });
  }

  /** Draws again; makes the plot anew where its lines have changed. */
  draw(at, lines, bands = []) {
    const shape = JSON.stringify([lines.map(({ text, stroke, dash, width }) => [text, stroke, dash, width]), bands, size(1)]);
    const data = [at, ...lines.map((line) => line.data)];
    if (shape === this.shape && this.plot) this.plot.setData(data);
    else this.make(shape, data, lines, bands);
    const entries = lines.map((line) => [line, line.last ?? line.data.at(-1)]);
    this.legend.replaceChildren(...entries.map(([line, last]) => {
      const swatch = el("i", { class: `swatch${line.dash ? " dashed" : ""}` });
      swatch.style.borderColor = line.stroke;
      return el("li", {}, swatch, `${line.text} `, el("b", {}, last === null || last === undefined ? "–" : this.unit(last)));
    }));
  }

  make(shape, data, lines, bands) {
    this.plot?.destroy();
    this.shape = shape;
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid"), width: 1 }, font: `${size(0.75)}px sans-serif` };
    const options = {
      width: Math.max(this.box.clientWidth, 100),
      height: Math.max(this.box.clientHeight, 80),
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      padding: [size(1), size(0.5), 0, 0],
      scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high * 1.05, 1e-3)] } },
      axes: [
        { ...axis, space: size(5.5), size: size(2.2), values: (_, ticks) => ticks.map((tick) => clock(tick * 1000)) },
        { ...axis, size: size(3.6), space: size(2), values: (_, ticks) => ticks.map((tick) => this.unit(tick)) },
      ],
      series: [{}, ...lines.map(({ stroke, fill, dash, width }) => ({ stroke, fill, dash, width: width ?? 1.5, points: { show: false }, spanGaps: true }))],
      bands,
      plugins: [marks(this.marksOf)],
    };
    this.plot = new window.uPlot(options, data, this.box);
  }
}

/** The charts of one actor. */
export class Charts {
  constructor(state) {
    this.state = state;
    const marksOf = () => state.decisions.filter((decision) => decision.actor === state.selected);
    this.depth = new Chart("Queue", "messages; dashed marks are decisions, by their number in the log", marksOf, count);
    this.outcomes = new Chart("Outcomes", "messages a second, stacked by reason", marksOf, count);
    this.times = new Chart("Times", "queue beside handling, of the slowest message type by p99", marksOf, time);
    this.workers = new Chart("Workers", "busy of all", marksOf, count);
    this.node = el("div", { class: "charts" }, [this.depth, this.outcomes, this.times, this.workers].map((chart) => chart.node));
  }

  draw(name) {
    const series = this.state.seriesOf(name);
    const { at } = series;
    if (!at.length) return;
    const line = (text, column, stroke, more = {}) => ({ text, data: series.column(column), stroke: colour(stroke), ...more });
    const present = (lines) => lines.filter(({ data }) => data.some((value) => value !== null));
    this.depth.draw(at, present([
      line("queued", "depth", "--line", { fill: colour("--line-fill"), width: 2 }),
      line("capacity", "capacity", "--ink"),
      line("high mark", "high", "--refused-1", { dash: [8, 4] }),
      line("low mark", "low", "--dim", { dash: [2, 4] }),
      line("soft limit", "soft", "--lost-1", { dash: [12, 3, 2, 3] }),
      line("senders in line", "waiting", "--lost-2", { dash: [4, 2] }),
    ]));
    this.drawOutcomes(series);
    this.drawTimes(series);
    this.workers.draw(at, [
      line("workers", "workers", "--ink", { dash: [6, 3] }),
      line("busy", "busy", "--line", { fill: colour("--line-fill"), width: 2 }),
    ]);
  }

  /** Stacks the outcomes: the line of each is the sum of those below it. */
  drawOutcomes(series) {
    const words = [...series.columns.keys()].filter((name) => name.startsWith("out:")).map((name) => name.slice(4));
    words.sort((a, b) => (a === "handled" ? -1 : b === "handled" ? 1 : a < b ? -1 : 1));
    let below = new Array(series.at.length).fill(0);
    const lines = words.map((word) => {
      const own = series.column(`out:${word}`);
      below = below.map((sum, at) => sum + (own[at] ?? 0));
      const stroke = shade(word);
      return { text: outcome(word).text, data: below, stroke, fill: stroke, last: own.at(-1) ?? 0, width: 1 };
    });
    const bands = lines.slice(1).map((_, at) => ({ series: [at + 2, at + 1] }));
    if (lines.length) this.outcomes.draw(series.at, lines, bands);
    else this.outcomes.draw(series.at, [{ text: "nothing yet", data: below, stroke: colour("--dim") }]);
  }

  drawTimes(series) {
    const times = this.state.detail?.times ?? [];
    const slowest = times.reduce((a, b) => (a && a.queued.p99_ms + a.handled.p99_ms >= b.queued.p99_ms + b.handled.p99_ms ? a : b), null);
    this.times.node.hidden = !slowest;
    if (!slowest) return;
    const { message } = slowest;
    const quantiles = [["p50_ms", "p50", undefined], ["p99_ms", "p99", [6, 3]], ["p999_ms", "p99.9", [2, 3]]];
    const lines = [["queued", "--refused-1"], ["handled", "--line"]].flatMap(([part, stroke]) =>
      quantiles.map(([q, text, dash]) => ({ text: `${part} ${text}`, data: series.column(`${part}:${message}:${q}`), stroke: colour(stroke), dash })));
    this.times.node.querySelector("small").textContent = `of ${message}: queue beside handling, last 10 s`;
    this.times.draw(series.at, lines);
  }

  /** Colours have changed. */
  recolour() {
    for (const chart of [this.depth, this.outcomes, this.times, this.workers]) chart.shape = "";
  }
}
