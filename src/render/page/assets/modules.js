// The tree of modules, from the data of the page: what is inside each, and what that adds up to.

const kInexact = 1, kListed = 2;  // flags of a row

function module(report, id, parent, label, cls, shapeIn, shapeOut, calls, flags, kind, own) {
  return {
    report, id, parent, label, cls, calls, kind, own,
    path: parent?.path ? parent.path + "." + label : parent ? label : "",
    depth: parent ? parent.depth + 1 : 0,
    in: shapeIn, out: shapeOut,
    all: { ...own },  // with what is inside
    ownExact: !(flags & kInexact),
    exact: !(flags & kInexact),
    listed: Boolean(flags & kListed),
    itself: false,  // is it a module's own part, beside the modules inside?
    inside: [],
    lines: [],   // those inside, each run of equal ones as one
    run: null,   // of equal modules that it is one of
    open: false,
  };
}

/** Equal modules next to each other, as if they were one: what is inside are they. */
function equals(label, members) {
  const [first] = members;
  const { report, parent, in: shapeIn, out: shapeOut, kind } = first;
  const cls = `${members.length} x ${first.cls}`;
  const calls = members.reduce((sum, node) => sum + node.calls, 0);
  const none = Object.fromEntries(report.measures.map(({ name }) => [name, 0n]));
  const sum = (measure) => members.reduce((total, node) => total + node.all[measure], 0n);
  const run = module(report, "equal-" + first.id, parent, label, cls, shapeIn, shapeOut, calls, 0, kind, none);
  for (const { name } of report.measures) run.all[name] = sum(name);
  run.exact = members.every((node) => node.exact);
  run.inside = run.lines = members;
  run.members = members;
  for (const node of members) node.run = run;
  return run;
}

/** The lines inside a module. */
function linesOf(node) {
  return node.report.fold ? node.lines : node.inside;
}

/** A module's own counts as a line of their own, so that the lines inside add up to the one around them. */
function itself(of, id) {
  const flags = of.ownExact ? 0 : kInexact;
  const node = module(of.report, id, of, "(itself)", of.cls, of.in, of.out, of.calls, flags, of.kind, of.own);
  return { ...node, path: of.path, itself: true };
}

/** Has it a cost of its own, or might it have? */
function hasOwn(node) {
  return !node.ownExact || node.report.offered.some(({ name }) => node.own[name] > 0n);
}

/** Lines and sizes stand for what is shown by default, and for what the user asked to see. */
function offeredMeasures(measures, columns) {
  const asked = new Set(columns.filter((column) => column.on).map((column) => column.measure));
  return measures.filter(({ name, shown }) => shown || asked.has(name));
}

/**
 * data.measures: what is counted, with its total; data.columns: what the table can show; data.kinds: of layers.
 * data.runs: of equal modules: [name, places of their rows ...]; data.fold: each of them is one line at first.
 * data.rows: [parent, label, class, in, out, calls, flags, kind, amount of each measure ...], parents before what is inside.
 */
function readReport(data) {
  const { measures, columns, kinds, numbers, sort, exact } = data;
  const titles = Object.fromEntries([...columns, ...measures].map(({ name, title }) => [name, title]));
  const total = Object.fromEntries(measures.map(({ name, total }) => [name, BigInt(total)]));
  const seconds = new Set(measures.filter((measure) => measure.seconds).map(({ name }) => name));
  const bounded = new Set(measures.filter((measure) => measure.bounded).map(({ name }) => name));
  const nodes = [];
  const offered = offeredMeasures(measures, columns);
  const report = { measures, offered, columns, kinds, titles, numbers, sort, total, bounded, seconds, exact, nodes, fold: Boolean(data.fold) };
  for (const [parent, label, cls, shapeIn, shapeOut, calls, flags, kind, ...amounts] of data.rows) {
    const own = Object.fromEntries(measures.map(({ name }, i) => [name, BigInt(amounts[i])]));
    const [input, output] = [data.shapes[shapeIn], data.shapes[shapeOut]];
    const around = nodes[parent];
    const node = module(report, nodes.length, around, label, data.classes[cls], input, output, calls, flags, kinds[kind].name, own);
    nodes.push(node);
    around?.inside.push(node);
  }
  for (const node of nodes.toReversed()) {
    if (node.parent) {
      for (const { name } of measures) node.parent.all[name] += node.all[name];
      node.parent.exact &&= node.exact;
    }
    if (hasOwn(node) && node.inside.length > 0) node.inside.unshift(itself(node, "own-" + node.id));
  }
  report.runs = (data.runs ?? []).map(([label, ...ids]) => equals(label, ids.map((id) => nodes[id])));
  for (const node of nodes) node.lines = [...new Set(node.inside.map((inner) => inner.run ?? inner))];
  report.root = nodes[0];
  return report;
}

/** What a line of the module says: all that is inside, or only its own. */
function amountOf(node, measure, own) {
  const exact = !node.report.bounded.has(measure) || (own ? node.ownExact : node.exact);
  return { value: (own ? node.own : node.all)[measure], exact, seconds: node.report.seconds.has(measure) };
}

function shownPath(node) {
  return (node.path || "(root)") + (node.itself ? " (itself)" : "");
}

/** "layers.0-31.mlp": the path with runs of equal modules for those that are in one. */
function foldedPath(node) {
  if (!node.parent) return "";
  const label = node.run ? node.run.label : node.label;
  const around = foldedPath(node.parent);
  return around ? around + "." + label : label;
}

function shownLabel(node) {
  return node.parent ? node.label : "(root)";
}

/** "layer1.0.conv1: Conv2d, 115.61 M MACs, 6.34 %": for those who hear the page. */
function spoken(report, node, measure) {
  const amount = amountOf(node, measure, false);
  const name = node.group ? node.label : shownPath(node);
  const number = numberText(amount, report.total[measure], "clever");
  return `${name}: ${node.cls}, ${number} ${report.titles[measure]}, ${ratioText(amount.value, report.total[measure])}`;
}

function isFound(node, found) {
  return node.itself ? found.matches.has(node.parent) : found.shown.has(node);
}

/** Does each word stand in the module's path or class? */
function fits(node, words) {
  const text = (shownPath(node) + " " + node.cls).toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The modules that fit the words, and those around them; null where there are no words. */
function found(report, words) {
  if (words.length === 0) return null;
  const matches = report.nodes.filter((node) => fits(node, words));
  const shown = new Set();
  for (const match of matches) {
    for (let node = match; node && !shown.has(node); node = node.parent) shown.add(node);
  }
  return { matches: new Set(matches), shown };
}

/** Opens levels while the table stays short enough to be seen at once; of equal modules none. */
function openFirst(report, rows) {
  let level = [report.root];
  let visible = 1;
  while (level.length > 0) {
    const next = level.flatMap((node) => linesOf(node));
    if (level[0] !== report.root && visible + next.length > rows) return;
    for (const node of level) node.open = node.inside.length > 0;
    visible += next.length;
    level = next.filter((node) => !node.members);
  }
}
