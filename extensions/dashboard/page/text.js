// Numbers and times as people read them, and elements with text.
//
// Names of actors and texts of messages come from the watched program. They become text, never
// markup: this file makes elements, and no file of the page assigns `innerHTML`.

const SVG = "http://www.w3.org/2000/svg";

const filled = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.setAttribute("class", value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== undefined && child !== null && child !== false) node.append(child);
  }
  return node;
};

/** An element with attributes and children; a child that is a string becomes text. */
export const el = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

/** Sets the text of an element only if it differs: a screen reader reads changes. */
export const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

/** A number with at most three digits that matter: 7, 12.3, 4 560, 1.2 M. */
export const count = (number) => {
  if (number === undefined || number === null || Number.isNaN(number)) return "–";
  const size = Math.abs(number);
  if (size >= 1e6) return `${(number / 1e6).toFixed(1)} M`;
  if (size >= 1e4) return `${(number / 1e3).toFixed(0)} k`;
  if (size >= 1e3) return `${(number / 1e3).toFixed(1)} k`;
  if (size >= 100 || Number.isInteger(number)) return String(Math.round(number));
  return number.toFixed(1);
};

/** A rate; nothing for zero, so that a table shows what happens. */
export const rate = (number) => (number > 0 ? count(number) : "");

/** A time that is given in milliseconds. */
export const time = (ms) => {
  if (ms === undefined || ms === null) return "–";
  if (ms >= 3.6e6) return `${(ms / 3.6e6).toFixed(1)} h`;
  if (ms >= 6e4) return `${Math.floor(ms / 6e4)} min ${Math.floor((ms % 6e4) / 1e3)} s`;
  if (ms >= 1e4) return `${(ms / 1e3).toFixed(0)} s`;
  if (ms >= 1e3) return `${(ms / 1e3).toFixed(1)} s`;
  if (ms >= 10) return `${ms.toFixed(0)} ms`;
  if (ms >= 1) return `${ms.toFixed(1)} ms`;
  if (ms === 0) return "0";
  return `${(ms * 1e3).toFixed(0)} µs`;
};

/** The time of day of an instant in milliseconds since 1970. */
export const clock = (at) => new Date(at).toLocaleTimeString([], { hour12: false });

/** One word, or its plural. */
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

/** The words of outcomes for people, with the kind of each: what matters is not only a colour. */
export const OUTCOMES = {
  handled: { text: "handled", kind: "good" },
  full: { text: "refused: full", kind: "refused" },
  shed: { text: "refused: shed", kind: "refused" },
  rate_limited: { text: "refused: rate limited", kind: "refused" },
  doomed: { text: "refused: too late to help", kind: "refused" },
  closed: { text: "refused: closed", kind: "refused" },
  would_deadlock: { text: "refused: would deadlock", kind: "refused" },
  timed_out: { text: "timed out in line", kind: "refused" },
  panicked: { text: "panicked", kind: "lost" },
  dropped: { text: "dropped", kind: "lost" },
  shed_queued: { text: "shed from the queue", kind: "lost" },
  evicted: { text: "evicted", kind: "lost" },
  conflated: { text: "replaced by newer", kind: "replaced" },
  expired: { text: "expired", kind: "lost" },
  cancelled: { text: "cancelled by sender", kind: "replaced" },
  undelivered: { text: "undelivered", kind: "lost" },
};

export const outcome = (word) => OUTCOMES[word] ?? { text: word.replaceAll("_", " "), kind: "lost" };

/** The word of a decision's kind: a kind without numbers is text, one with numbers an object. */
export const decided = (kind) => (typeof kind === "string" ? kind : Object.keys(kind ?? {})[0] ?? "");

const probe = el("i", { hidden: true });

/** A colour of the style sheet as a canvas takes it, in the scheme of now. */
export const colour = (name) => {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
};
