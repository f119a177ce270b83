// The tip beside what the pointer is on, or what has the focus: all that is known of a module.

function facts(report, node) {
  const full = (tensor) => tensor?.[1] ?? "";
  const list = [["Class", node.cls]];
  if (!node.group) list.push(["Calls", String(node.calls)], ["Input", full(node.in)], ["Output", full(node.out)]);
  for (const { name: measure, shown } of report.measures) {
    if (!shown) continue;
    const amount = amountOf(node, measure, node.inside.length === 0);
    const total = report.total[measure];
    const [raw, clever] = [numberText(amount, total, "raw"), numberText(amount, total, "clever")];
    const small = amount.value < 1000n || amount.seconds;
    list.push([report.titles[measure], (small ? raw : `${clever} (${raw})`) + `, ${ratioText(amount.value, total)}`]);
  }
  return list.filter(([, text]) => text !== "");
}

function fillTip(tip, report, node) {
  const title = document.createElement("b");
  title.textContent = node.group ? node.label : shownPath(node);
  const list = document.createElement("dl");
  for (const [name, text] of facts(report, node)) {
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    value.textContent = text;
    list.append(term, value);
  }
  tip.replaceChildren(title, list);
}

/** Near (x, y), within the window. */
function placeTip(tip, x, y) {
  const { width, height } = tip.getBoundingClientRect();
  const below = y + 18 + height < window.innerHeight;
  tip.style.left = `${Math.max(8, Math.min(x + 12, window.innerWidth - width - 8))}px`;
  tip.style.top = `${Math.max(8, below ? y + 18 : y - height - 12)}px`;
}

/** nodeOf(element): the module that it stands for, if any. */
function wireTip(section, nodeOf, report) {
  const tip = document.querySelector(".tip");
  const hide = () => {
    tip.hidden = true;
  };
  const show = (node, x, y) => {
    fillTip(tip, report, node);
    tip.hidden = false;
    placeTip(tip, x, y);
  };
  section.addEventListener("pointermove", (event) => {
    const node = nodeOf(event.target);
    if (node) show(node, event.clientX, event.clientY);
    else hide();
  });
  section.addEventListener("focusin", (event) => {
    const node = nodeOf(event.target);
    const box = event.target.getBoundingClientRect();
    if (node && event.target.matches(":focus-visible")) show(node, box.left, box.bottom - 12);
  });
  section.addEventListener("focusout", hide);
  section.addEventListener("pointerleave", hide);
  window.addEventListener("scroll", hide, { passive: true });
}
