// Which rows the table shows, and in which order. No element is touched here.

/** A family with more children is folded until it is unfolded: its members are many of one kind. */
const CHILDREN_SHOWN = 20;

/**
 * Returns `{ actor, depth, children, isOpen }` for each row. `folds` has what was folded or unfolded by hand; of the
 * children of a folded row, the highest level is in `below`.
 */
export function rowsOf(actors, { search, onlyBusy, sort, folds }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (actor) =>
    words.every((word) => actor.key.includes(word) || actor.type.toLowerCase().includes(word)) && (!onlyBusy || actor.isBusy);
  const isFlat = words.length > 0 || onlyBusy;
  const order = comparison(sort);
  if (isFlat) {
    const found = [...actors.values()].filter(matches).sort(order);
    return found.map((actor) => ({ actor, depth: 0, children: 0, isOpen: false, below: 0 }));
  }
  return tree(actors, order, folds);
}

function tree(actors, order, folds) {
  const children = new Map();
  const roots = [];
  for (const actor of actors.values()) {
    if (actor.parentName !== null && actors.has(actor.parentName)) {
      const siblings = children.get(actor.parentName);
      if (siblings) siblings.push(actor);
      else children.set(actor.parentName, [actor]);
    } else {
      roots.push(actor);
    }
  }
  const rows = [];
  // A stack instead of a recursion: a tree may be as deep as it has actors.
  const stack = [];
  const push = (siblings, depth) => {
    siblings.sort(order);
    for (let at = siblings.length - 1; at >= 0; at -= 1) stack.push({ actor: siblings[at], depth });
  };
  push(roots, 0);
  while (stack.length) {
    const { actor, depth } = stack.pop();
    const family = children.get(actor.name) ?? [];
    const isOpen = family.length > 0 && (folds.get(actor.name) ?? family.length <= CHILDREN_SHOWN);
    const below = isOpen ? 0 : family.reduce((most, child) => Math.max(most, child.level), 0);
    rows.push({ actor, depth, children: family.length, isOpen, below });
    if (isOpen) push(family, depth + 1);
  }
  return rows;
}

const NUMBERS = {
  attention: (actor) => actor.attention,
  fill: (actor) => actor.fill,
  offered: (actor) => actor.offered_s,
  handled: (actor) => actor.handled_s,
  refused: (actor) => actor.refused_s,
  lost: (actor) => actor.lost_s,
  oldest: (actor) => actor.oldest_ms,
  workers: (actor) => actor.busy + actor.workers / 1000,
  restarts: (actor) => actor.restarts,
};

const byName = (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

function comparison({ column, descending }) {
  const number = NUMBERS[column];
  const sign = descending ? -1 : 1;
  if (!number) return (a, b) => sign * byName(a, b);
  return (a, b) => sign * (number(a) - number(b)) || byName(a, b);
}
