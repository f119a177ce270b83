// The tree of modules, from the data of the page: what is inside each, and what that adds up to.

// What a class of layers does, by its name: the first that fits. Colours are by kind.
const kKinds = [
  { name: "attention", fits: /attention|attn|mha/i },
  { name: "recurrent", fits: /lstm|gru|rnn|mamba|ssm/i },
  { name: "norm", fits: /norm|^bn/i },
  { name: "convolution", fits: /[Cc]onv(?!1D$)/ },
  { name: "embedding", fits: /embed/i },
  { name: "pool", fits: /pool|upsample|interpolate|resize/i },
  { name: "activation", fits: /relu|elu|silu|swish|gelu|sigmoid|tanh|softmax|mish|activation|glu/i },
  { name: "linear", fits: /linear|dense|proj|gemm|matmul|mlp|^Conv1D$/i },  // Conv1D: that of GPT-2
];

function kindOf(cls) {
  return kKinds.find((kind) => kind.fits.test(cls))?.name ?? "other";
}

const kMeasures = ["macs", "params"];
const kInexact = 1, kListed = 2;  // flags of a row

function module(id, parent, label, cls, shapeIn, shapeOut, calls, own, flags) {
  return {
    id, parent, label, cls, calls, own,
    kind: kindOf(cls),
    path: parent?.path ? parent.path + "." + label : parent ? label : "",
    depth: parent ? parent.depth + 1 : 0,
    in: shapeIn, out: shapeOut,
    all: { ...own },  // with what is inside
    ownExact: !(flags & kInexact),
    exact: !(flags & kInexact),
    listed: Boolean(flags & kListed),
    itself: false,  // is it a module's own part, beside the modules inside?
    inside: [],
    open: false,
  };
}

/** A module's own counts as a line of their own, so that the lines inside add up to the one around them. */
function itself(of, id) {
  const node = module(id, of, "(itself)", of.cls, of.in, of.out, of.calls, of.own, of.ownExact ? 0 : kInexact);
  return { ...node, path: of.path, itself: true };
}

/** data.rows: [parent, label, class, in, out, calls, macs, params, flags], parents before what is inside. */
function readReport(data) {
  const nodes = [];
  for (const [parent, label, cls, shapeIn, shapeOut, calls, macs, params, flags] of data.rows) {
    const own = { macs: BigInt(macs), params: BigInt(params) };
    const around = nodes[parent];
    const node = module(nodes.length, around, label, data.classes[cls], data.shapes[shapeIn], data.shapes[shapeOut], calls, own, flags);
    nodes.push(node);
    around?.inside.push(node);
  }
  for (const node of nodes.toReversed()) {
    if (node.parent) {
      for (const measure of kMeasures) node.parent.all[measure] += node.all[measure];
      node.parent.exact &&= node.exact;
    }
    const costs = node.own.macs > 0n || node.own.params > 0n || !node.ownExact;
    if (costs && node.inside.length > 0) node.inside.unshift(itself(node, "own-" + node.id));
  }
  const total = { macs: BigInt(data.macs), params: BigInt(data.params) };
  return { titles: data.titles, numbers: data.numbers, sort: data.sort, total, exact: data.exact, nodes, root: nodes[0] };
}

/** What a line of the module says: all that is inside, or only its own. */
function amountOf(node, measure, own) {
  const exact = measure === "params" || (own ? node.ownExact : node.exact);
  return { value: (own ? node.own : node.all)[measure], exact };
}

function shownPath(node) {
  return (node.path || "(root)") + (node.itself ? " (itself)" : "");
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

/** Opens levels while the table stays short enough to be seen at once. */
function openFirst(report, rows) {
  let level = [report.root];
  let visible = 1;
  while (level.length > 0) {
    const next = level.flatMap((node) => node.inside);
    if (level[0] !== report.root && visible + next.length > rows) return;
    for (const node of level) node.open = node.inside.length > 0;
    visible += next.length;
    level = next;
  }
}
