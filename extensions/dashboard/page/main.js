// Wires the parts together: the stream feeds the state, and the state is drawn.

import { Answers } from "./answers.js";
import { Detail } from "./detail.js";
import { Letters, Log } from "./log.js";
import { colour, count, el, plural, setText, time } from "./text.js";
import { State } from "./state.js";
import { Stream } from "./stream.js";
import { Table } from "./table.js";
import { Waits } from "./waits.js";
import { Warnings } from "./warnings.js";

const $ = (id) => document.getElementById(id);
const state = new State();
const table = new Table($("table"), state, select);
const answers = new Answers($("answers"), state, select);
const detail = new Detail($("detail"), state, select, () => select(null));
const waits = new Waits($("graph"), $("edges"), state, select);
const log = new Log($("decisions"), state, select);
const letters = new Letters($("letters"), $("lost-note"), state, select);
const warnings = new Warnings($("warnings"), select);
const stream = new Stream({ frame, actor, state: streamState });

let broken = null;

function frame(received) {
  if (state.apply(received)) say("Another process answers now; its history begins here.");
  fetchNews();
  draw();
}

function actor(received) {
  state.applyDetail(received);
  detail.draw();
}

/** Fetches decisions and letters that the page does not have. One request at a time. */
let isFetching = false;
async function fetchNews() {
  if (isFetching) return;
  isFetching = true;
  try {
    const { began, frame: { decisions: last, letters: lastLetter } } = state;
    if (last > state.lastDecision) {
      const fresh = await json(`/decisions.json?since=${state.lastDecision}`);
      if (began === state.began) state.addDecisions(fresh, state.now);
    }
    if (lastLetter > state.lastLetter) {
      const fresh = await json(`/letters.json?since=${state.lastLetter}`);
      if (began === state.began) state.addLetters(fresh, state.now);
    }
    log.draw();
    letters.draw();
    answers.draw();
    await warnings.refresh(json);
  } catch {
    // The stream notices that the server does not answer, and says so.
  } finally {
    isFetching = false;
  }
}

async function json(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function draw() {
  const { frame: { system, actors, left_out: leftOut, at_ms: at }, totals } = state;
  document.title = `${totals.overloaded ? "⬢ " : totals.elevated ? "▲ " : ""}${system} – actors`;
  setText($("system"), system);
  const facts = [
    ["actors", count(actors)], ["queued", count(totals.depth)], ["done/s", count(totals.handled_s)],
    ["refused/s", count(totals.refused_s)], ["lost/s", count(totals.lost_s)], ["in line", count(totals.waiting)],
    ["overloaded", count(totals.overloaded)], ["watched", time(at)],
  ];
  const list = $("totals");
  if (list.children.length !== facts.length) {
    list.replaceChildren(...facts.map(([name]) => el("div", {}, el("dt", {}, name), el("dd", {}))));
  }
  facts.forEach(([, value], place) => setText(list.children[place].lastElementChild, value));
  table.colours = { line: colour("--line"), bad: colour("--lost-1") };
  table.update();
  const left = leftOut ? `; ${count(leftOut)} quiet ones are left out` : "";
  setText($("shown"), `${plural(table.rows.length, "row")}${left}`);
  answers.draw();
  waits.draw();
}

function select(name) {
  if (name === state.selected && name !== null) {
    $("detail").focus();
    return;
  }
  state.selected = name;
  document.body.classList.toggle("has-selection", name !== null);
  location.replace(name === null ? "#" : `#${encodeURIComponent(name)}`);
  detail.select(name);
  stream.select(name);
  log.draw();
  if (state.frame) table.update();
  if (name === null) $("table").focus();
  else $("detail").scrollIntoView({ block: "nearest" });
}

function streamState(next) {
  $("stream").className = next.kind;
  setText($("stream"), { live: "● live", paused: "‖ paused", broken: "✕ broken" }[next.kind] ?? next.text);
  document.body.classList.toggle("stale", next.kind !== "live");
  const wasBroken = broken !== null;
  broken = next.kind === "broken" ? next : null;
  if (broken) showBroken();
  else if (wasBroken || next.kind === "paused") say(wasBroken && next.kind === "live" ? "The stream is back." : "");
}

function showBroken() {
  if (!broken) return;
  const left = Math.max(0, Math.ceil((broken.retryAt - performance.now()) / 1000));
  const old = state.frame ? " The numbers below are old." : "";
  const banner = $("banner");
  banner.hidden = false;
  banner.className = "bad";
  setText(banner, `✕ ${broken.text}.${old} Next attempt in ${left} s.`);
}
setInterval(showBroken, 1000);

let saying = null;
function say(text) {
  const banner = $("banner");
  banner.className = "";
  setText(banner, text);
  banner.hidden = !text;
  clearTimeout(saying);
  saying = setTimeout(() => broken || (banner.hidden = true), 4000);
}

const THEMES = ["system", "light", "dark"];
let theme = THEMES.includes(localStorage.getItem("actors-theme")) ? localStorage.getItem("actors-theme") : "system";
function setTheme(next) {
  theme = next;
  localStorage.setItem("actors-theme", next);
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  setText($("theme"), `Theme: ${next}`);
  detail.charts.recolour();
  if (state.frame) {
    draw();
    detail.draw();
  }
}

function togglePause() {
  const isPaused = $("pause").getAttribute("aria-pressed") !== "true";
  $("pause").setAttribute("aria-pressed", isPaused);
  setText($("pause"), isPaused ? "Go on" : "Pause");
  stream.setPaused(isPaused);
}

function toggleHelp() {
  $("help").hidden = !$("help").hidden;
  $("keys").setAttribute("aria-expanded", !$("help").hidden);
}

function search(text) {
  table.view.search = text;
  if (state.frame) draw();
}

function escape() {
  const input = $("search");
  if (document.activeElement === input) {
    input.value = "";
    search("");
    $("table").focus();
  } else if (!$("help").hidden) {
    toggleHelp();
  } else {
    select(null);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") escape();
  const isTyping = ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = {
    "/": () => $("search").focus(),
    "?": toggleHelp,
    p: togglePause,
    t: () => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

$("search").addEventListener("input", (event) => search(event.target.value));
$("search").addEventListener("keydown", (event) => event.key === "ArrowDown" && $("table").focus());
$("busy").addEventListener("change", (event) => {
  table.view.onlyBusy = event.target.checked;
  if (state.frame) draw();
});
$("log-selected").addEventListener("change", (event) => {
  log.onlySelected = event.target.checked;
  log.draw();
});
$("pause").addEventListener("click", togglePause);
$("keys").addEventListener("click", toggleHelp);
$("theme").addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(theme));

setTheme(theme);
const linked = decodeURIComponent(location.hash.slice(1));
if (linked) select(linked);
else stream.open();
