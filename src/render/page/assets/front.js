// The candidates of a sweep: points of two measures on a canvas, the front of those that no other beats, and a table.

const kMost = 300;  // rows of the table
const kReach = 12;  // pixels from a point to the pointer that is on it

/** Of the candidates at these places those that none beats in x and y, from left to right. Lower bounds beat none. */
function frontOf(sweep, places, x, y) {
  const [xs, ys] = [sweep.columns[x], sweep.columns[y]];
  const exact = sweep.columns.exact;
  const bounded = sweep.bounded.includes(x) || sweep.bounded.includes(y);
  const known = places.filter((i) => !bounded || exact[i] === true);
  known.sort((a, b) => compare(xs[a], xs[b]) || compare(ys[a], ys[b]));
  const front = [];
  for (const i of known) {
    const last = front.at(-1);
    const beside = last !== undefined && xs[last] === xs[i] && ys[last] === ys[i];
    if (last === undefined || ys[i] < ys[last] || beside) front.push(i);
  }
  return front;
}

/** "width>=32 act=relu !depth=2 error": a test of a row, for each word. */
function testOf(sweep, words) {
  const tests = words.split(/\s+/).filter(Boolean).map((word) => {
    const [, name, sign, text] = /^([^<>=!]+)(<=|>=|!=|=|<|>)(.*)$/.exec(word) ?? [];
    const column = sweep.columns[name];
    if (!column) {
      const rest = word.toLowerCase();
      return (i) => sweep.names.some((n) => String(sweep.columns[n][i] ?? "").toLowerCase().includes(rest));
    }
    const unit = /^(-?[0-9.]+)([KMGTPE])$/.exec(text);
    const number = text === "" ? NaN : unit ? Number(unit[1]) * 1000 ** ("KMGTPE".indexOf(unit[2]) + 1) : Number(text);
    const wanted = Number.isNaN(number) ? text : number;
    const same = (value) => value === wanted || String(value) === text;
    const holds = {
      "=": same,
      "!=": (value) => !same(value),
      "<": (value) => value < wanted,
      ">": (value) => value > wanted,
      "<=": (value) => value <= wanted,
      ">=": (value) => value >= wanted,
    }[sign];
    return (i) => column[i] !== null && holds(column[i]);
  });
  return (i) => tests.every((test) => test(i));
}

/** Linear, or logarithmic where values differ by a factor of ten and more. */
function scaleOf(values, from, to) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (!(least <= most)) [least, most] = [0, 1];
  const log = least > 0 && most / least >= 10;
  const turned = log ? Math.log10 : (value) => value;
  const [low, high] = [turned(least), turned(most)];
  const span = high - low || 1;
  const at = (value) => from + ((turned(value) - low + 0.04 * span) / (1.08 * span)) * (to - from);
  const marks = [];
  if (log) {
    const steps = high - low < 3.3 ? [1, 2, 5] : [1];
    for (let power = Math.floor(low); power <= high; ++power) for (const s of steps) marks.push(s * 10 ** power);
  } else {
    const rough = span / 6;
    const step = [1, 2, 5, 10].map((s) => s * 10 ** Math.floor(Math.log10(rough))).find((s) => s >= rough);
    for (let mark = Math.ceil(least / step) * step; mark <= most; mark += step) marks.push(mark);
  }
  return { at, marks: marks.filter((mark) => mark >= least && mark <= most) };
}

function numberOrText(value) {
  if (typeof value !== "number") return value === null ? "" : String(value);
  return Math.abs(value) >= 1000 ? `${cleverText(value)} (${value})` : String(value);
}

function makeElement(name, attributes = {}, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

function showSweep(section) {
  const data = section.querySelector("script.candidates");
  if (!data) return;
  const sweep = JSON.parse(data.textContent);
  const numeric = sweep.names.filter((name) => sweep.columns[name].some((value) => typeof value === "number"));
  const state = { x: sweep.x, y: sweep.y, places: [], front: [], chosen: null };

  const choose = (axis, words) => {
    const select = makeElement("select", { "aria-label": words });
    for (const name of numeric) select.append(new Option(name, name, false, name === state[axis]));
    select.addEventListener("change", () => {
      state[axis] = select.value;
      update();
    });
    return makeElement("label", { class: "axis" }, `${words} `, select);
  };
  const search = makeElement("input", {
    type: "search", placeholder: "width>=32 params<5M relu", spellcheck: "false", autocomplete: "off", "aria-keyshortcuts": "/",
  });
  const matches = makeElement("span", { class: "matches", role: "status" });
  const tools = makeElement("div", { class: "tools" }, choose("x", "Across"), choose("y", "Up"),
    makeElement("label", { class: "filter" }, makeElement("span", {}, "Find"), search), matches);
  const canvas = makeElement("canvas", { class: "points", role: "img", tabindex: "0" });
  const facts = makeElement("div", { class: "facts" });
  const table = makeElement("table", { class: "grid front" });
  section.append(tools, makeElement("section", { class: "panel" }, canvas, facts),
    makeElement("section", { class: "panel rows" }, makeElement("div", { class: "panel-head" }, makeElement("h2", {}, "Nobody beats these")),
      makeElement("div", { class: "scroll" }, table)));
  search.addEventListener("input", update);

  let drawn = [];  // {i, x, y}, and in `cells` the same by the square of kReach that they are in
  let cells = new Map();

  function update() {
    const [xs, ys] = [sweep.columns[state.x], sweep.columns[state.y]];
    const test = testOf(sweep, search.value);
    state.places = [];
    for (let i = 0; i < xs.length; ++i) {
      if (typeof xs[i] === "number" && typeof ys[i] === "number" && test(i)) state.places.push(i);
    }
    state.front = frontOf(sweep, state.places, state.x, state.y);
    matches.textContent = `${state.places.length} of ${xs.length}, ${state.front.length} on the front`;
    canvas.setAttribute("aria-label", `${state.y} against ${state.x}: ${matches.textContent}`);
    draw();
    fillTable();
  }

  function draw() {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const sharp = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [width * sharp, height * sharp];
    const paint = canvas.getContext("2d");
    paint.scale(sharp, sharp);
    const color = (name) => getComputedStyle(section).getPropertyValue(name);
    const style = getComputedStyle(canvas);
    const [xs, ys] = [sweep.columns[state.x], sweep.columns[state.y]];
    const across = scaleOf(state.places.map((i) => xs[i]), 72, width - 16);
    const up = scaleOf(state.places.map((i) => ys[i]), height - 44, 28);
    paint.font = `12px ${style.fontFamily}`;
    paint.fillStyle = paint.strokeStyle = style.color;
    paint.globalAlpha = 0.15;
    paint.beginPath();
    for (const mark of across.marks) paint.rect(across.at(mark), 28, 0.5, height - 72);
    for (const mark of up.marks) paint.rect(72, up.at(mark), width - 88, 0.5);
    paint.fill();
    paint.globalAlpha = 0.8;
    paint.textAlign = "center";
    for (const mark of across.marks) paint.fillText(cleverMark(mark), across.at(mark), height - 28);
    paint.fillText(state.x, 72 + (width - 88) / 2, height - 8);
    paint.textAlign = "right";
    for (const mark of up.marks) paint.fillText(cleverMark(mark), 66, up.at(mark) + 4);
    paint.textAlign = "left";
    paint.fillText(state.y, 8, 16);

    drawn = state.places.map((i) => ({ i, x: across.at(xs[i]), y: up.at(ys[i]) }));
    cells = new Map();
    for (const point of drawn) {
      const key = cellOf(point.x, point.y);
      if (cells.has(key)) cells.get(key).push(point);
      else cells.set(key, [point]);
    }
    paint.fillStyle = "#56B4E9";
    paint.globalAlpha = state.places.length > 5000 ? 0.35 : 0.7;
    paint.beginPath();
    for (const { x, y } of drawn) paint.rect(x - 2, y - 2, 4, 4);
    paint.fill();
    paint.globalAlpha = 1;
    paint.strokeStyle = paint.fillStyle = "#D55E00";
    const corners = state.front.map((i) => [across.at(xs[i]), up.at(ys[i])]);
    paint.beginPath();
    corners.forEach(([x, y]) => paint.lineTo(x, y));
    paint.stroke();
    paint.beginPath();
    for (const [x, y] of corners) {
      paint.moveTo(x + 4.5, y);
      paint.arc(x, y, 4.5, 0, 7);
    }
    paint.fill();
    if (state.chosen !== null && state.places.includes(state.chosen)) {
      paint.strokeStyle = color("--accent");
      paint.lineWidth = 2;
      paint.beginPath();
      paint.arc(across.at(xs[state.chosen]), up.at(ys[state.chosen]), 8, 0, 7);
      paint.stroke();
    }
  }

  function cellOf(x, y) {
    return `${Math.floor(x / kReach)} ${Math.floor(y / kReach)}`;
  }

  /** The place of the candidate that is nearest to a point of the canvas; one on the front before others. */
  function nearest(x, y) {
    let [best, least] = [null, kReach * kReach];
    for (const dx of [-kReach, 0, kReach]) {
      for (const dy of [-kReach, 0, kReach]) {
        for (const point of cells.get(cellOf(x + dx, y + dy)) ?? []) {
          const far = (point.x - x) ** 2 + (point.y - y) ** 2 - (state.front.includes(point.i) ? 30 : 0);
          if (far < least) [best, least] = [point.i, far];
        }
      }
    }
    return best;
  }

  function listOf(i) {
    const list = makeElement("dl");
    for (const name of sweep.names) {
      const value = sweep.columns[name][i];
      if (value === null || name === "page") continue;
      list.append(makeElement("dt", {}, name), makeElement("dd", {}, numberOrText(value)));
    }
    return list;
  }

  function choosePlace(i) {
    state.chosen = i;
    draw();
    const page = sweep.columns.page?.[i];
    facts.replaceChildren(listOf(i));
    if (page) facts.append(makeElement("a", { href: page, target: "_blank" }, "its page"));
  }

  function fillTable() {
    const names = sweep.names.filter((name) => name !== "page");
    const head = makeElement("tr");
    for (const name of names) head.append(makeElement("th", { class: numeric.includes(name) ? "number" : "" }, name));
    const body = makeElement("tbody");
    for (const i of state.front.slice(0, kMost)) {
      const row = makeElement("tr");
      for (const name of names) {
        const value = sweep.columns[name][i];
        row.append(makeElement("td", { class: numeric.includes(name) ? "number" : "" }, value === null ? "" : String(value)));
      }
      row.addEventListener("click", () => choosePlace(i));
      body.append(row);
    }
    table.replaceChildren(makeElement("thead", {}, head), body);
  }

  const tip = document.querySelector(".tip");
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return nearest(event.clientX - box.left, event.clientY - box.top);
  };
  canvas.addEventListener("pointermove", (event) => {
    const i = at(event);
    tip.hidden = i === null;
    canvas.style.cursor = i === null ? "" : "pointer";
    if (i === null) return;
    tip.replaceChildren(listOf(i));
    placeTip(tip, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  canvas.addEventListener("click", (event) => {
    const i = at(event);
    if (i === null) return;
    const page = sweep.columns.page?.[i];
    choosePlace(i);
    if (page) window.open(page, "_blank");
  });
  new ResizeObserver(() => draw()).observe(canvas);
  update();
}

/** Of an axis. */
function cleverMark(value) {
  return Math.abs(value) >= 1000 ? cleverText(value).replace(/\.?0+(?= |$)/, "") : String(Number(value.toPrecision(4)));
}

for (const section of document.querySelectorAll("section.sweep")) showSweep(section);
