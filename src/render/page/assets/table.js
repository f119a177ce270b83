// The table of modules: a tree that opens and closes, or the flat list of layers, sorted by any column. Of a long one
// only those rows are in the page that can be seen.

const kRow = 27;         // px, of one row; the style says the same
const kAll = 400;        // up to so many rows are all in the page, so that the browser's own search finds them
const kBeyond = 20;      // rows drawn beyond each edge
const kFirstRows = 40;   // the tree is opened as far as these show

const shape = (tensor) => tensor?.[0] ?? "";
const size = (tensor) => BigInt(tensor?.[2] ?? -1);

const quotient = (of, per) => (per === 0n ? 0 : Number(of) / Number(per));
const inPair = (node, own) => ["macs", "traffic"].map((measure) => amountOf(node, measure, own).value);

/** What it waits for. */
function boundOf(node, own) {
  const [arithmetic, memory] = ["arithmetic_time", "memory_time"].map((measure) => amountOf(node, measure, own));
  if (arithmetic.value === memory.value) return "";
  return arithmetic.value > memory.value ? "arithmetic" : arithmetic.exact ? "memory" : "";
}

// Columns of text. text: what the cell says; key: what it is sorted by; number: the greatest first.
const kTexts = {
  name: { key: (node) => node.path },
  class: { text: (node) => (node.itself ? "" : node.cls), key: (node) => node.cls },
  calls: { number: true, text: (node) => String(node.calls), key: (node) => node.calls, off: true },
  input: { text: (node) => (node.itself ? "" : shape(node.in)), key: (node) => size(node.in), down: true },
  output: { text: (node) => (node.itself ? "" : shape(node.out)), key: (node) => size(node.out), down: true },
  intensity: { number: true, text: (node, own) => quotientText(...inPair(node, own)), key: (node, own) => quotient(...inPair(node, own)), off: true },
  bound: { text: boundOf, key: boundOf, off: true },
};

/** The report's columns as the table has them: "share" is that of the measure that the user chose, beside the first. */
function columnsOf(report) {
  const shown = new Set(report.measures.filter((measure) => measure.shown).map(({ name }) => name));
  const columns = report.columns.filter((column) => kTexts[column.name] || column.measure).map((column) => {
    const text = kTexts[column.name];
    if (text) return { ...column, ...text, off: text.off && !column.shown };
    const share = Boolean(column.share);
    const chosen = column.name === "share";
    return { ...column, number: true, measure: chosen ? null : column.measure, share, off: !column.on && !chosen && (share || !shown.has(column.name)) };
  });
  const first = columns.findIndex((column) => column.measure && !column.share);
  const share = columns.findIndex((column) => column.name === "share");
  if (share > first && first >= 0) columns.splice(first + 1, 0, ...columns.splice(share, 1));
  return columns;
}

const kOnPhones = ["name", "macs", "share"];
const kOnTablets = ["name", "class", "macs", "share", "params"];

const onPhone = () => window.innerWidth < 600;
const onTablet = () => window.innerWidth < 1000;

/** Names of the columns that there is room for. */
function firstColumns(columns) {
  const asked = columns.filter((column) => column.on).map((column) => column.name);
  if (asked.length > 0) return ["name", ...asked];
  if (onPhone()) return kOnPhones;
  return onTablet() ? kOnTablets : columns.filter((column) => !column.off).map((column) => column.name);
}

function makeTable(report, state, panel, actions) {
  const scroll = panel.querySelector(".scroll");
  const table = panel.querySelector("table");
  const body = table.tBodies[0];
  let rows = [];        // those that are not folded away
  let current = null;   // the row that has the focus, or gets it
  let drawn = [0, -1];  // the first and the last row that are in the page
  let whole = false;    // all rows, as print needs them

  const inLayers = () => state.view === "layers";
  const shownColumns = () => report.columns.filter((column) => state.columns.has(column.name));
  const measureOf = (column) => column.measure ?? state.measure;

  function cellText(column, node) {
    if (column.text) return column.text(node, inLayers());
    const measure = measureOf(column);
    const amount = amountOf(node, measure, inLayers());
    if (column.share) return ratioText(amount.value, report.total[measure]);
    return numberText(amount, report.total[measure], state.numbers);
  }

  function keyOf(column) {
    if (column.key) return (node) => column.key(node, inLayers());
    return (node) => amountOf(node, measureOf(column), inLayers()).value;
  }

  function sorted(nodes) {
    const column = report.columns.find((c) => c.name === state.sort?.column);
    if (!column) return nodes;
    const key = keyOf(column);
    const sign = state.sort.down ? -1 : 1;
    return nodes.toSorted((a, b) => sign * compare(key(a), key(b)));
  }

  function listed() {
    if (inLayers()) return sorted(report.nodes.filter((node) => node.listed && (!state.found || state.found.matches.has(node))));
    const list = [];
    const todo = [[report.root, 0]];
    while (todo.length > 0) {
      const [node, depth] = todo.pop();
      if (state.found && !isFound(node, state.found)) continue;
      node.level = depth;
      list.push(node);
      const open = whole || node.open || state.found;
      const inside = state.found ? node.inside : linesOf(node);
      if (open) todo.push(...sorted(inside).toReversed().map((inner) => [inner, depth + 1]));
    }
    return list;
  }

  function widths() {
    const lengthOf = (column, node) => {
      if (column.name !== "name") return cellText(column, node).length;
      return inLayers() ? shownPath(node).length : shownLabel(node).length + 2.2 * node.depth + 4;
    };
    const longest = (column) =>
      [...report.nodes, ...report.runs].reduce((most, node) => Math.max(most, lengthOf(column, node)), titleOf(column).length + 1);
    const nameAtMost = onPhone() ? 12 : onTablet() ? 18 : inLayers() ? 36 : 24;  // it gets more where there is room
    const most = { name: nameAtMost, class: 30, input: 26, output: 26 };
    const padding = onPhone() ? 1.6 : 2.6;
    const bar = (column) => (column.share && !onPhone() ? 8 : 0);
    return shownColumns().map((column) => {
      const letters = column.number ? 1.1 * longest(column) : Math.min(longest(column), most[column.name]);  // totals are bold
      return letters + padding + bar(column);
    });
  }

  function drawHead() {
    const columns = shownColumns();
    const all = widths();
    const cols = columns.map((column, i) => {
      const col = document.createElement("col");
      if (column.name !== "name") col.style.width = `${all[i]}ch`;
      return col;
    });
    table.querySelector("colgroup").replaceChildren(...cols);
    table.style.minWidth = `${all.reduce((sum, width) => sum + width, 0)}ch`;
    const heads = columns.map((column) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = column.number ? "number" : "";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = titleOf(column);
      const sort = state.sort?.column === column.name ? (state.sort.down ? "descending" : "ascending") : "none";
      cell.setAttribute("aria-sort", sort);
      button.addEventListener("click", () => actions.sortBy(column));
      cell.append(button);
      return cell;
    });
    const focused = [...table.tHead.rows[0].cells].findIndex((cell) => cell.contains(document.activeElement));
    table.tHead.rows[0].replaceChildren(...heads);
    heads[focused]?.querySelector("button").focus();
  }

  function titleOf(column) {
    return column.share ? `% of ${report.titles[measureOf(column)]}` : column.title;
  }

  function drawFoot() {
    const cells = shownColumns().map((column, i) => {
      const cell = document.createElement(i === 0 ? "th" : "td");
      cell.className = column.number ? "number" : "";
      if (column.name === "name") cell.textContent = "Total";
      if (column.name === "class") cell.textContent = report.root.cls;
      if (column.name === "intensity" || column.name === "bound") cell.textContent = column.text(report.root, false);
      if (column.name === "input" || column.name === "output") cell.textContent = column.text(report.root);
      if (column.measure || column.share) {
        const measure = measureOf(column);
        const exact = !report.bounded.has(measure) || report.exact;
        const total = { value: report.total[measure], exact, seconds: report.seconds.has(measure) };
        cell.textContent = column.share ? ratioText(total.value, total.value) : numberText(total, total.value, state.numbers);
      }
      return cell;
    });
    table.tFoot.rows[0].replaceChildren(...cells);
  }

  function nameCell(node) {
    const cell = document.createElement("th");
    cell.scope = "row";
    cell.setAttribute("role", "rowheader");
    const label = document.createElement("span");
    label.className = "label";
    const dot = document.createElement("i");
    dot.className = `dot kind-${node.inside.length > 0 ? "around" : node.kind}`;
    label.textContent = inLayers() ? shownPath(node) : shownLabel(node);
    label.title = shownPath(node);
    if (!inLayers()) {
      cell.style.paddingLeft = `calc(${node.level} * var(--indent) + 6px)`;
      const fold = document.createElement("span");
      fold.className = node.inside.length > 0 ? "fold-mark" : "fold-mark none";
      cell.append(fold);
    }
    cell.append(dot, label);
    return cell;
  }

  function dataCell(column, node) {
    const cell = document.createElement("td");
    cell.setAttribute("role", "gridcell");
    cell.textContent = cellText(column, node);
    if (column.number) cell.className = "number";
    if (node.members && column.measure) cell.title = eachText(column, node);
    if (column.share) {
      const amount = amountOf(node, measureOf(column), inLayers());
      const total = Number(report.total[measureOf(column)]);
      cell.classList.add("share");
      cell.style.setProperty("--share", `${total > 0 ? (100 * Number(amount.value)) / total : 0}%`);
    } else if (!column.number) {
      cell.title = cell.textContent;
    }
    return cell;
  }

  /** What one of a run costs; nothing where they differ in what was not shown at first. */
  function eachText(column, run) {
    const [first, ...others] = run.members.map((node) => amountOf(node, column.measure, false));
    if (others.some((amount) => amount.value !== first.value)) return "";
    return "each " + numberText(first, report.total[column.measure], state.numbers);
  }

  function rowOf(node, index) {
    const row = document.createElement("tr");
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", index + 2);
    row.dataset.id = node.id;
    if (!inLayers()) {
      row.setAttribute("aria-level", node.level + 1);
      if (node.inside.length > 0) row.setAttribute("aria-expanded", Boolean(whole || node.open || state.found));
    }
    row.tabIndex = node === current ? 0 : -1;
    row.classList.toggle("selected", node === state.selected);
    row.classList.toggle("dim", Boolean(state.found) && !state.found.matches.has(node.itself ? node.parent : node));
    row.classList.toggle("nil", amountOf(node, state.measure, inLayers()).value === 0n && node.exact);
    for (const column of shownColumns()) row.append(column.name === "name" ? nameCell(node) : dataCell(column, node));
    return row;
  }

  function space(count) {
    const row = document.createElement("tr");
    row.className = "space";
    row.setAttribute("aria-hidden", "true");
    row.style.height = `${count * kRow}px`;
    return row;
  }

  /** The rows that can be seen now; `anew`: even if they are those that are there. */
  function drawRows(anew) {
    let [first, last] = [0, rows.length - 1];
    if (rows.length > kAll && !whole) {
      first = Math.max(0, Math.floor(scroll.scrollTop / kRow) - kBeyond);
      last = Math.min(last, Math.ceil((scroll.scrollTop + scroll.clientHeight) / kRow) + kBeyond);
    }
    if (!anew && first === drawn[0] && last === drawn[1]) return;
    drawn = [first, last];
    const focused = body.contains(document.activeElement);
    const parts = rows.slice(first, last + 1).map((node, i) => rowOf(node, first + i));
    if (first > 0) parts.unshift(space(first));
    if (last < rows.length - 1) parts.push(space(rows.length - 1 - last));
    body.replaceChildren(...parts);
    if (focused) rowElement(current)?.focus({ preventScroll: true });
  }

  function draw() {
    rows = listed();
    if (!rows.includes(current)) current = rows[0] ?? null;
    table.setAttribute("role", inLayers() ? "grid" : "treegrid");
    table.setAttribute("aria-rowcount", rows.length + 1);
    table.setAttribute("aria-label", inLayers() ? "Layers, each with what it costs itself" : "Modules, each with all that is inside");
    drawHead();
    drawFoot();
    drawRows(true);
  }

  const rowElement = (node) => node && body.querySelector(`tr[data-id="${node.id}"]`);

  function show(node) {
    const at = rows.indexOf(node);
    if (at < 0) return;
    const top = at * kRow;
    const room = scroll.clientHeight - 3 * kRow;  // without head and foot
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    if (top > scroll.scrollTop + room) scroll.scrollTop = top - room / 2;
    drawRows(false);
  }

  function focus(node) {
    if (!node) return;
    const before = rowElement(current);
    if (before) before.tabIndex = -1;
    current = node;
    show(node);
    const row = rowElement(node);
    row.tabIndex = 0;
    row.focus({ preventScroll: true });
  }

  function fold(node, open) {
    if (node.inside.length === 0 || inLayers() || state.found) return;
    node.open = open;
    current = node;
    draw();
  }

  const kPage = 15;
  function moved(key) {
    const at = rows.indexOf(current);
    const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -kPage, PageDown: kPage, Home: -rows.length, End: rows.length }[key];
    return rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  }

  body.addEventListener("keydown", (event) => {
    if (!current || event.target.closest("tr") === null) return;
    const open = current.open && !inLayers();
    if (["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"].includes(event.key)) focus(moved(event.key));
    else if (event.key === "ArrowRight" && !open) fold(current, true);
    else if (event.key === "ArrowRight") focus(rows[rows.indexOf(current) + 1]);
    else if (event.key === "ArrowLeft" && open) fold(current, false);
    else if (event.key === "ArrowLeft" && !inLayers()) focus((report.fold && current.run) || current.parent);
    else if (event.key === "Enter") actions.zoomTo(current);
    else return;
    event.preventDefault();
  });
  body.addEventListener("click", (event) => {
    const id = event.target.closest("tr")?.dataset.id;
    const node = rows.find((row) => String(row.id) === id);
    if (!node) return;
    if (event.target.closest(".fold-mark")) fold(node, !node.open);
    else actions.select(node);
    focus(node);
  });
  body.addEventListener("dblclick", (event) => {
    const node = rows.find((row) => String(row.id) === event.target.closest("tr")?.dataset.id);
    if (node && !event.target.closest(".fold-mark")) fold(node, !node.open);
  });
  scroll.addEventListener("scroll", () => drawRows(false), { passive: true });

  return {
    draw,
    show,
    print(on) {
      if (on === whole) return;
      whole = on;
      draw();
    },
  };
}
