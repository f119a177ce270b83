// Tables that stand in the page as they are, such as comparisons: sorted by a column where its title is clicked.

/** ">=1.82 G" is 1.82e9; text that is no number is less than any. */
function numberIn(text) {
  const [, sign, digits, unit] = /^(?:>=)?([+-]?)([0-9.]+)(?: ([KMGTPE%]))?/.exec(text.trim()) ?? [];
  if (digits === undefined) return -Infinity;
  const exponent = unit && unit !== "%" ? 3 * ("KMGTPE".indexOf(unit) + 1) : 0;
  return Number(sign + digits + "e" + exponent);
}

function makeSortable(table) {
  const [body] = table.tBodies;
  const before = [...body.rows];
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const number = head.classList.contains("number");
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    const key = (row) => (number ? numberIn(row.cells[at].textContent) : row.cells[at].textContent);
    button.addEventListener("click", () => {
      const first = number ? "descending" : "ascending";
      const other = number ? "ascending" : "descending";
      const now = head.getAttribute("aria-sort");
      const next = now === "none" ? first : now === first ? other : "none";
      for (const cell of head.parentNode.cells) cell.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", next);
      const sign = next === "descending" ? -1 : 1;
      body.replaceChildren(...(next === "none" ? before : before.toSorted((a, b) => sign * compare(key(a), key(b)))));
    });
  });
}
