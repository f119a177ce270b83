// Puts a report together: reads its data, wires the controls, keeps what the user chose.

let reports = 0;

function showReport(section) {
  const data = section.querySelector("script.data");
  if (!data) return;
  const report = readReport(JSON.parse(data.textContent));
  if (!report.root) return;
  report.columns = columnsOf(report);
  colorKinds(report.kinds);
  section.append(document.querySelector("template.report-parts").content.cloneNode(true));
  const one = (selector) => section.querySelector(selector);
  const column = report.columns.find((c) => c.name === report.sort);
  const state = {
    measure: firstMeasure(report),
    numbers: report.numbers,
    view: "tree",
    sort: column ? { column: column.name, down: Boolean(column.number || column.down) } : null,
    columns: new Set(firstColumns(report.columns)),
    found: null,     // what the search found
    zoom: report.root,
    selected: null,
  };
  openFirst(report, kFirstRows);

  const actions = { sortBy, select, zoomTo };
  const icicle = makeIcicle(report, state, one(".icicle"), zoomTo);
  const table = makeTable(report, state, one(".panel.rows"), actions);

  function select(node) {
    state.selected = node;
    for (let inner = node; inner; inner = inner.parent) {
      if (inner.run) inner.run.open = true;
      if (inner.parent) inner.parent.open = true;
    }
    drawMap();
    table.draw();
    table.show(node);
  }

  /** A module without others inside would be all of the picture: the one around it is. */
  function zoomTo(node) {
    const leaf = node.inside.length === 0 && node.parent;
    state.zoom = leaf ? node.parent : node;
    if (node.group) drawMap();
    else select(node);
  }

  function zoomOut() {
    if (!state.zoom.parent) return;
    state.zoom = state.zoom.parent;
    drawMap();
  }

  function sortBy({ name, number, down }) {
    const first = Boolean(number || down);
    const { column, down: now } = state.sort ?? {};
    state.sort = column !== name ? { column: name, down: first } : now === first ? { column: name, down: !first } : null;
    table.draw();
  }

  function search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    state.found = found(report, words);
    const count = state.found?.matches.size;
    one(".matches").textContent = state.found ? `${count} of ${report.nodes.length}` : "";
    drawMap();
    table.draw();
  }

  function drawMap() {
    const nothing = report.total[state.measure] === 0n;
    one(".nothing").hidden = !nothing;
    one(".nothing").textContent = nothing ? `No ${report.titles[state.measure]} were counted.` : "";
    icicle.draw();
    drawCrumbs();
  }

  function drawCrumbs() {
    const crumbs = one(".crumbs");
    const path = [];
    for (let node = state.zoom; node; node = node.parent) path.unshift(node);
    crumbs.replaceChildren(...path.flatMap((node, i) => {
      const last = i + 1 === path.length;
      const crumb = document.createElement(last ? "span" : "button");
      if (!last) crumb.type = "button";
      if (last) crumb.setAttribute("aria-current", "true");
      crumb.textContent = node.parent ? node.label : node.cls;
      if (!last) crumb.addEventListener("click", () => {
        state.zoom = node;
        drawMap();
      });
      return i === 0 ? [crumb] : [document.createTextNode(" \u203a "), crumb];
    }));
  }

  function drawCharts() {
    drawBars(report, state, one(".layers"), layersByCost(report, state.measure), "layers", (item) => zoomTo(item.node));
    drawBars(report, state, one(".classes"), classesByCost(report, state.measure), "classes", (item) => {
      one(".filter input").value = item.cls;
      search(item.cls);
    });
  }

  function drawLegend() {
    const kinds = new Set(report.nodes.filter((node) => node.inside.length === 0 || hasOwn(node)).map((node) => node.kind));
    const items = report.kinds.map((kind) => kind.name).filter((name) => kinds.has(name)).map((name) => {
      const item = document.createElement("li");
      const dot = document.createElement("i");
      dot.className = `dot kind-${name}`;
      item.append(dot, name);
      return item;
    });
    one(".legend").replaceChildren(...items);
  }

  function draw() {
    one(".view-doc").textContent =
      state.view === "tree" ? "Each module with all that is inside it." : "Each layer with what it costs itself.";
    one(".fold").hidden = state.view !== "tree";
    drawMap();
    drawCharts();
    table.draw();
  }

  function wireChoices() {
    const group = ++reports;
    one("[data-choice=measure]").append(...report.offered.map(measureChoice));
    for (const choice of section.querySelectorAll("[data-choice]")) {
      const what = choice.dataset.choice;
      for (const input of choice.querySelectorAll("input")) {
        input.name = `${what}-${group}`;
        input.checked = input.value === state[what];
        input.addEventListener("change", () => {
          state[what] = input.value;
          draw();
        });
      }
    }
  }

  function wireColumns() {
    for (const { name, title } of report.columns.slice(1)) {
      const label = document.createElement("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.value = name;
      box.checked = state.columns.has(name);
      box.addEventListener("change", () => {
        if (box.checked) state.columns.add(name);
        else state.columns.delete(name);
        table.draw();
      });
      label.append(box, " ", title);
      one(".columns .menu").append(label);
    }
    const menu = one(".columns");
    document.addEventListener("pointerdown", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
    });
  }

  function wireKeys() {
    section.addEventListener("keydown", (event) => {
      if (event.key === "Escape") zoomOut();
    });
    one(".filter input").addEventListener("input", (event) => search(event.target.value));
    one(".filter input").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.target.value === "") return;
      event.stopPropagation();
      event.preventDefault();
      event.target.value = "";
      search("");
    });
    const equal = one(".equal");
    equal.hidden = report.runs.length === 0;
    equal.querySelector("input").checked = report.fold;
    equal.querySelector("input").addEventListener("change", (event) => {
      report.fold = event.target.checked;
      draw();
    });
    for (const button of section.querySelectorAll("[data-fold]")) {
      button.addEventListener("click", () => {
        for (const node of [...report.nodes, ...report.runs]) node.open = button.dataset.fold === "open" && node.inside.length > 0;
        report.root.open = true;
        table.draw();
      });
    }
  }

  wireChoices();
  wireColumns();
  wireKeys();
  drawLegend();
  draw();
  requestAnimationFrame(() => section.classList.add("moving"));  // from now on changes glide
  wireTip(section, (target) => icicle.nodeAt(target) ?? one(".layers").items?.get(target.closest?.("button")), report, state);
  printing((on) => table.print(on));
}

/** The first measure that there is any of. */
function firstMeasure(report) {
  const shown = report.measures.filter((measure) => measure.shown);
  return (shown.find(({ name }) => report.total[name] > 0n) ?? shown[0] ?? report.measures[0]).name;
}

function measureChoice({ name, title }) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "radio";
  input.value = name;
  const text = document.createElement("span");
  text.textContent = title;
  label.append(input, text);
  return label;
}

/** A rule of style for each kind of layer, once for the page. */
function colorKinds(kinds) {
  if (document.querySelector("style.kinds")) return;
  const style = document.createElement("style");
  style.className = "kinds";
  style.textContent = kinds.map(({ name, light, dark }) => `.kind-${name} { --fill: light-dark(${light}, ${dark}); }`).join("\n");
  document.head.append(style);
}

/** Calls `set(true)` before the page is printed and `set(false)` after that. */
function printing(set) {
  matchMedia("print").addEventListener("change", (event) => set(event.matches));
  window.addEventListener("beforeprint", () => set(true));
  window.addEventListener("afterprint", () => set(false));
  if (matchMedia("print").matches) set(true);
}

function wireTheme() {
  const theme = document.querySelector(".theme");
  theme.hidden = false;
  theme.addEventListener("change", (event) => {
    document.documentElement.dataset.theme = event.target.value;
  });
}

wireTheme();
for (const section of document.querySelectorAll("section.report")) showReport(section);
for (const table of document.querySelectorAll("table.flat")) makeSortable(table);
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input[type=search]");
  const search = document.querySelector(".filter input");
  if (event.key !== "/" || typing || !search || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
});
