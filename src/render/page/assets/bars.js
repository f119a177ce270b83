// Bars: the layers, and the classes of layers, that cost most.

const kBars = 12;

/** The first few of what costs something, the costliest first, and the rest of it as one. */
function costliest(items) {
  const sorted = items.filter((item) => item.cost > 0n).sort((a, b) => compare(b.cost, a.cost));
  const rest = sorted.slice(kBars);
  return { shown: sorted.slice(0, kBars), count: rest.length, cost: rest.reduce((sum, item) => sum + item.cost, 0n) };
}

/** Layers of equal modules are one where these are folded. */
function layersByCost(report, measure) {
  const layers = new Map();
  for (const node of report.nodes) {
    const name = (report.fold && foldedPath(node)) || shownPath(node);
    const key = report.fold ? name : node.id;
    const item = layers.get(key) ?? { name, kind: node.kind, cost: 0n, exact: true, node, times: 0 };
    item.cost += node.own[measure];
    item.exact &&= amountOf(node, measure, true).exact;
    item.times += 1;
    layers.set(key, item);
  }
  return [...layers.values()];
}

function classesByCost(report, measure) {
  const classes = new Map();
  for (const node of report.nodes) {
    const item = classes.get(node.cls) ?? { name: node.cls, kind: node.kind, cost: 0n, exact: true, cls: node.cls, times: 0 };
    item.cost += node.own[measure];
    item.exact &&= amountOf(node, measure, true).exact;
    item.times += 1;
    classes.set(node.cls, item);
  }
  return [...classes.values()];
}

function bar(report, state, item, longest) {
  const total = report.total[state.measure];
  const line = document.createElement("li");
  const button = document.createElement(item.kind ? "button" : "div");
  if (item.kind) button.type = "button";
  button.className = "bar";
  const part = (around, name, text) => {
    const span = document.createElement("span");
    span.className = name;
    span.textContent = text;
    around.append(span);
    return span;
  };
  const name = part(button, "bar-name", "");
  name.title = item.name;
  const text = document.createElement("bdi");
  text.dir = "ltr";
  text.textContent = item.name;
  name.append(text);
  if (item.times > 1) part(item.node ? text : name, "bar-times", `\u00d7 ${item.times}`);
  const fill = part(part(button, "bar-track", ""), `bar-fill kind-${item.kind}`, "");
  fill.style.width = item.kind ? `${(100 * Number(item.cost)) / Number(longest)}%` : "0";
  const amount = { value: item.cost, exact: item.exact, seconds: report.seconds.has(state.measure) };
  part(button, "bar-number", numberText(amount, total, state.numbers === "ratio" ? "clever" : state.numbers));
  part(button, "bar-share", ratioText(item.cost, total));
  line.append(button);
  return { line, button };
}

/** Draws one chart; `choose(item)` is called for the bar that the user takes. */
function drawBars(report, state, list, items, what, choose) {
  const { shown, count, cost } = costliest(items);
  list.replaceChildren();
  list.items = new Map();  // by element: the module, for the tip
  for (const item of shown) {
    const { line, button } = bar(report, state, item, shown[0].cost);
    button.addEventListener("click", () => choose(item));
    if (item.node) list.items.set(button, item.node);
    list.append(line);
  }
  if (count > 0) {
    list.append(bar(report, state, { name: `${count} other ${what}`, cost, exact: true }).line);
  }
  const digits = [...list.querySelectorAll(".bar-number")].map((number) => number.textContent.length);
  list.style.setProperty("--number", `${Math.max(...digits, 6) + 1}ch`);
  list.closest(".panel").hidden = shown.length === 0;
}
