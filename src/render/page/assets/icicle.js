// The icicle: one row per depth, each module as wide as it costs, with what is inside below it.

const kLevel = 26;      // px, of one row
const kLeast = 3;       // px, below which a module is drawn together with its neighbours
const kTogether = 10;   // px, at which such a group ends
const kLetter = 7;      // px, about the width of a letter
const kForLabel = 46;   // px, from which on there is room for some of a longer name
const kLevels = 40;     // drawn below the module that is zoomed to

/** Neighbours too narrow to be drawn, as if they were a module. */
function together(nodes) {
  const [first, last] = [nodes[0], nodes.at(-1)];
  const sum = (measure) => nodes.reduce((total, node) => total + node.all[measure], 0n);
  const kind = nodes.every((node) => node.kind === first.kind && node.inside.length === 0) ? first.kind : "around";
  return {
    ...first,
    id: `group-${first.id}-${nodes.length}`,
    label: `${shownLabel(first)} \u2026 ${shownLabel(last)}`,
    cls: `${nodes.length} modules`,
    kind,
    all: Object.fromEntries(first.report.measures.map(({ name }) => [name, sum(name)])),
    exact: nodes.every((node) => node.exact),
    inside: nodes,
    group: true,
  };
}

/** The modules inside that cost something, with their widths; narrow ones together. */
function split(node, width, measure) {
  const parts = [];
  const total = Number(node.all[measure]);
  let narrow = [], narrowWidth = 0;
  const flush = () => {
    if (narrow.length > 0) parts.push({ node: narrow.length > 1 ? together(narrow) : narrow[0], width: narrowWidth });
    narrow = [];
    narrowWidth = 0;
  };
  for (const inner of node.inside) {
    const size = Number(inner.all[measure]);
    if (size === 0) continue;
    const part = (width * size) / total;
    if (part >= kLeast) {
      flush();
      parts.push({ node: inner, width: part });
      continue;
    }
    narrow.push(inner);
    narrowWidth += part;
    if (narrowWidth >= kTogether) flush();
  }
  flush();
  return parts;
}

/** Cells of what is zoomed to, of all around it above, and of what is inside below. */
function placed(zoom, measure, width) {
  const cells = [];
  const around = [];
  for (let node = zoom.parent; node; node = node.parent) around.unshift(node);
  around.forEach((node, level) => cells.push({ node, x: 0, width, level, around: true }));
  const todo = [{ node: zoom, x: 0, width, level: around.length }];
  while (todo.length > 0) {
    const cell = todo.pop();
    cells.push(cell);
    if (cell.width < kLeast || cell.level - around.length >= kLevels || (cell.node.group && cell.node !== zoom)) continue;
    let x = cell.x;
    for (const part of split(cell.node, cell.width, measure)) {
      todo.push({ node: part.node, x, width: part.width, level: cell.level + 1 });
      x += part.width;
    }
  }
  return cells.filter((cell) => cell.width >= 0.5);
}

/** Draws into `element`; `zoomTo(node)` is called where the user wants another picture. */
function makeIcicle(report, state, element, zoomTo) {
  const drawn = new Map();  // by id of the module: its element
  let cells = [];
  let current = null;  // the cell that has the focus, or gets it

  const cellOf = (target) => {
    const id = target.closest?.(".cell")?.dataset.id;
    return cells.find((cell) => String(cell.node.id) === id);
  };

  function fill(div, cell) {
    const { node } = cell;
    const kind = node.inside.length > 0 && !node.group ? "around" : node.kind;
    div.className = `cell kind-${kind}`;
    div.classList.toggle("group", Boolean(node.group));
    div.classList.toggle("above", Boolean(cell.around));
    div.classList.toggle("selected", node === state.selected);
    div.classList.toggle("dim", Boolean(state.found) && !(node.group ? node.inside : [node]).some((inner) => isFound(inner, state.found)));
    div.replaceChildren();
    const label = node.parent ? node.label : node.cls;
    if (cell.width >= Math.min(kForLabel, kLetter * label.length + 12)) {
      const name = document.createElement("span");
      name.textContent = label;
      div.append(name);
      if (node.parent && cell.width >= Math.max(3 * kForLabel, kLetter * (label.length + node.cls.length + 4))) {
        const cls = document.createElement("small");
        cls.textContent = node.cls;
        div.append(cls);
      }
    }
    div.setAttribute("aria-level", cell.level + 1);
    div.setAttribute("aria-label", spoken(report, node, state.measure));
  }

  function draw() {
    const width = element.clientWidth || 1;
    cells = placed(state.zoom, state.measure, width);
    element.style.height = `${(Math.max(...cells.map((cell) => cell.level)) + 1) * kLevel}px`;
    const ids = new Set(cells.map((cell) => String(cell.node.id)));
    for (const [id, div] of drawn) {
      if (ids.has(id)) continue;
      div.remove();
      drawn.delete(id);
    }
    current = cells.find((cell) => cell.node.id === current?.node.id) ?? cells.find((cell) => cell.node.id === state.zoom.id);
    for (const cell of cells) {
      const id = String(cell.node.id);
      let div = drawn.get(id);
      if (!div) {
        div = document.createElement("div");
        div.dataset.id = id;
        div.setAttribute("role", "treeitem");
        drawn.set(id, div);
        element.append(div);
      }
      fill(div, cell);
      div.tabIndex = cell === current ? 0 : -1;
      div.style.left = `${(100 * cell.x) / width}%`;
      div.style.width = `${(100 * cell.width) / width}%`;
      div.style.top = `${cell.level * kLevel}px`;
    }
  }

  function focus(cell) {
    if (!cell) return;
    if (current) drawn.get(String(current.node.id)).tabIndex = -1;
    current = cell;
    const div = drawn.get(String(cell.node.id));
    div.tabIndex = 0;
    div.focus();
  }

  function neighbour(key) {
    const level = current.level + ({ ArrowUp: -1, ArrowDown: 1 }[key] ?? 0);
    const row = cells.filter((cell) => cell.level === level).sort((a, b) => a.x - b.x);
    if (key === "ArrowLeft") return row.findLast((cell) => cell.x < current.x);
    if (key === "ArrowRight") return row.find((cell) => cell.x > current.x);
    if (key === "ArrowUp") return row.findLast((cell) => cell.x <= current.x + 1e-6);
    return row.find((cell) => cell.x + 1e-6 >= current.x && cell.x < current.x + current.width);
  }

  function choose(cell) {
    current = cell;
    zoomTo(cell.node);
    focus(current);
  }

  element.addEventListener("click", (event) => {
    const cell = cellOf(event.target);
    if (cell) choose(cell);
  });
  element.addEventListener("keydown", (event) => {
    if (!current) return;
    if (event.key.startsWith("Arrow")) {
      focus(neighbour(event.key));
    } else if (event.key === "Enter" || event.key === " ") {
      choose(current);
    } else {
      return;
    }
    event.preventDefault();
  });
  new ResizeObserver(draw).observe(element);
  return { draw, nodeAt: (target) => cellOf(target)?.node };
}
