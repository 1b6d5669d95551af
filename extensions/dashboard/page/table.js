// The table of actors: a tree of thousands of rows, of which only those in view are elements.

import { count, el, rate, setText, time } from "./text.js";
import { rowsOf } from "./rows.js";
import { HISTORY, LEVELS } from "./state.js";

const COLUMNS = [
  { id: "name", text: "Actor", title: "Name, with its children below it" },
  { id: "fill", text: "Queue", title: "Queued messages of the slots" },
  { id: "history", text: "2 min", title: "Queue of the last two minutes; marks below: refused or lost" },
  { id: "offered", text: "In/s", title: "Messages offered a second" },
  { id: "handled", text: "Done/s", title: "Turns a second" },
  { id: "refused", text: "Refused/s", title: "Messages refused a second" },
  { id: "lost", text: "Lost/s", title: "Messages lost or replaced a second" },
  { id: "oldest", text: "Oldest", title: "Age of the oldest queued message" },
  { id: "workers", text: "Workers", title: "Busy workers of all workers" },
  { id: "restarts", text: "Restarts", title: "Instances that followed a failed one" },
];

export class Table {
  constructor(root, state, onSelect) {
    Object.assign(this, { root, state, onSelect });
    this.view = { search: "", onlyBusy: false, sort: { column: "name", descending: false }, folds: new Map() };
    this.rows = [];
    this.active = null;
    this.pool = [];
    this.body = el("div", { class: "body", role: "rowgroup" });
    this.scroll = el("div", { class: "scroll" }, this.body);
    this.heads = COLUMNS.map((column, at) => this.head(column, at));
    root.append(el("div", { class: "row head", role: "row", "aria-rowindex": 1 }, this.heads), this.scroll);
    this.scroll.addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.schedule()).observe(this.scroll);
    root.addEventListener("keydown", (event) => this.key(event));
  }

  head(column, at) {
    const label = { role: "columnheader", class: `cell ${column.id}`, "aria-colindex": at + 1, title: column.title };
    if (column.id === "history") return el("div", label, column.text);
    const button = el("button", { type: "button", tabindex: -1, onclick: () => this.sortBy(column.id) }, column.text);
    return el("div", label, button);
  }

  sortBy(column) {
    const { sort } = this.view;
    const descending = sort.column === column ? !sort.descending : column !== "name";
    this.view.sort = { column, descending };
    this.update();
  }

  /** Computes the rows again, and draws those in view. */
  update() {
    const activeAt = this.rows.findIndex((row) => row.actor.name === this.active);
    this.rows = rowsOf(this.state.actors, this.view);
    if (activeAt < 0 && this.active === null && this.rows.length) this.active = this.rows[0].actor.name;
    const { column, descending } = this.view.sort;
    COLUMNS.forEach(({ id }, at) => {
      const order = id === column ? (descending ? "descending" : "ascending") : "none";
      this.heads[at].setAttribute("aria-sort", order);
    });
    this.root.setAttribute("aria-rowcount", this.rows.length + 1);
    this.root.setAttribute("aria-colcount", COLUMNS.length);
    this.draw();
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.draw();
    });
  }

  get rowHeight() {
    return parseFloat(getComputedStyle(this.root).getPropertyValue("--row")) * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  draw() {
    const height = this.rowHeight;
    this.body.style.height = `${this.rows.length * height}px`;
    this.root.style.setProperty("--rows", Math.max(this.rows.length, 3));
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / height) - 2);
    const shown = Math.min(this.rows.length - first, Math.ceil(this.scroll.clientHeight / height) + 4);
    while (this.pool.length < shown) {
      const row = this.make();
      this.pool.push(row);
      this.body.append(row.node);
    }
    // Rows that a smaller window does not need are removed.
    while (this.pool.length > Math.max(shown, 0)) this.pool.pop().node.remove();
    let activeId = null;
    this.pool.forEach((row, at) => {
      const place = first + at;
      row.node.style.transform = `translateY(${place * height}px)`;
      this.fill(row, this.rows[place], place);
      if (this.rows[place].actor.name === this.active) activeId = row.node.id;
    });
    if (activeId) this.root.setAttribute("aria-activedescendant", activeId);
    else this.root.removeAttribute("aria-activedescendant");
  }

  make() {
    const cell = (id, at) => el("div", { class: `cell ${id}`, role: "gridcell", "aria-colindex": at + 1 });
    const cells = Object.fromEntries(COLUMNS.map(({ id }, at) => [id, cell(id, at)]));
    const fold = el("span", { class: "fold", "aria-hidden": "true" });
    const name = el("span", { class: "text" });
    const type = el("span", { class: "type" });
    const tag = el("span", { class: "tag" });
    cells.name.append(fold, name, tag, type);
    const bar = el("span", { class: "bar-fill" });
    const soft = el("span", { class: "bar-soft" });
    const number = el("span", { class: "bar-text" });
    cells.fill.append(el("span", { class: "bar-track", "aria-hidden": "true" }, bar, soft), number);
    const canvas = el("canvas", { "aria-hidden": "true" });
    cells.history.append(canvas);
    const node = el("div", { class: "row", role: "row", id: `row-${(this.made = (this.made ?? 0) + 1)}` }, Object.values(cells));
    const row = { node, cells, fold, name, type, tag, bar, soft, number, canvas, of: null };
    node.addEventListener("click", (event) => {
      this.active = row.of.actor.name;
      if (event.target === fold && row.of.children) this.toggle(row.of);
      else this.onSelect(this.active);
      this.update();
    });
    return row;
  }

  fill(row, of, place) {
    const { actor, depth, children, isOpen, below } = of;
    row.of = of;
    const { node } = row;
    const isSelected = actor.name === this.state.selected;
    node.className = `row level-${LEVELS[actor.level]}${isSelected ? " selected" : ""}${actor.name === this.active ? " active" : ""}`;
    node.setAttribute("aria-rowindex", place + 2);
    node.setAttribute("aria-level", depth + 1);
    node.setAttribute("aria-selected", isSelected);
    if (children) node.setAttribute("aria-expanded", isOpen);
    else node.removeAttribute("aria-expanded");
    setText(row.fold, children ? (isOpen ? "▾" : "▸") : "");
    row.cells.name.style.paddingInlineStart = `${Math.min(depth, 8) * 1.1}rem`;
    setText(row.name, actor.name);
    row.cells.name.title = `${actor.name} (${actor.type})`;
    setText(row.type, children && !isOpen ? `${actor.type}, ${count(children)} below` : actor.type);
    const own = actor.stalled_ms > 1000 ? "■ stalled" : ["", "▲ elevated", "⬢ overloaded"][actor.level];
    setText(row.tag, own || ["", "▲ below", "⬢ below"][below]);
    row.bar.style.width = `${Math.min(100, actor.fill * 100)}%`;
    row.soft.style.left = `${actor.soft_limit ? (actor.soft_limit / actor.capacity) * 100 : 100}%`;
    row.soft.hidden = !actor.soft_limit;
    const line = actor.waiting ? ` +${count(actor.waiting)}` : "";
    setText(row.number, `${count(actor.depth)}/${count(actor.capacity)}${line}`);
    row.cells.fill.title = actor.waiting ? `${actor.waiting} senders wait in line` : "";
    setText(row.cells.offered, rate(actor.offered_s));
    setText(row.cells.handled, rate(actor.handled_s));
    setText(row.cells.refused, rate(actor.refused_s));
    setText(row.cells.lost, rate(actor.lost_s));
    setText(row.cells.oldest, actor.depth ? time(actor.oldest_ms) : "");
    setText(row.cells.workers, `${actor.busy}/${actor.workers}`);
    setText(row.cells.restarts, rate(actor.restarts));
    this.spark(row.canvas, actor);
  }

  /** Draws the queue of the last two minutes, and below it when messages were refused or lost. */
  spark(canvas, actor) {
    const box = canvas.parentElement;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [Math.round(box.clientWidth * ratio), Math.round(box.clientHeight * ratio)];
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    if (!actor.depths) return;
    const { at, frames } = this.state;
    const known = Math.min(frames, HISTORY);
    const step = width / HISTORY;
    const top = Math.max(actor.capacity, 1);
    context.fillStyle = this.colours.line;
    for (let back = 0; back < known; back += 1) {
      const place = (at - back + HISTORY) % HISTORY;
      const x = width - (back + 1) * step;
      const tall = Math.min(1, actor.depths[place] / top) * (height * 0.8);
      context.fillRect(x, height * 0.8 - tall, Math.max(step - 0.5, 0.5), Math.max(tall, actor.depths[place] ? 1 : 0));
    }
    context.fillStyle = this.colours.bad;
    for (let back = 0; back < known; back += 1) {
      const place = (at - back + HISTORY) % HISTORY;
      if (actor.bad[place] > 0) context.fillRect(width - (back + 1) * step, height * 0.85, Math.max(step - 0.5, 0.5), height * 0.15);
    }
  }

  toggle(row) {
    this.view.folds.set(row.actor.name, !row.isOpen);
    this.update();
  }

  /** Moves to a row, and scrolls so that it is in view. */
  moveTo(place) {
    if (!this.rows.length) return;
    const to = Math.max(0, Math.min(this.rows.length - 1, place));
    this.active = this.rows[to].actor.name;
    const height = this.rowHeight;
    const { scrollTop, clientHeight } = this.scroll;
    if (to * height < scrollTop) this.scroll.scrollTop = to * height;
    else if ((to + 1) * height > scrollTop + clientHeight) this.scroll.scrollTop = (to + 1) * height - clientHeight;
    this.draw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.rows.findIndex((row) => row.actor.name === this.active);
    const row = this.rows[at];
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / this.rowHeight) - 1);
    const parentAt = () => this.rows.findIndex((other) => other.actor.name === row?.actor.parentName);
    const moves = {
      ArrowDown: () => this.moveTo(at + 1),
      ArrowUp: () => this.moveTo(at - 1),
      PageDown: () => this.moveTo(at + page),
      PageUp: () => this.moveTo(at - page),
      Home: () => this.moveTo(0),
      End: () => this.moveTo(this.rows.length - 1),
      ArrowRight: () => row?.children > 0 && (row.isOpen ? this.moveTo(at + 1) : this.toggle(row)),
      ArrowLeft: () => row && (row.isOpen ? this.toggle(row) : parentAt() >= 0 && this.moveTo(parentAt())),
      Enter: () => row && this.onSelect(this.active),
      " ": () => row && this.onSelect(this.active),
    };
    const move = moves[event.key];
    if (!move || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    move();
  }
}
