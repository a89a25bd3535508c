"use strict";
// Sorts a table by the column whose head is pressed; pressed again, the other way round.
const ranks = { ok: 0, warning: 1, alert: 2 };
function keyOf(row, place, classes) {
  const text = row.cells[place].textContent;
  if (classes.contains("n")) return text === "" ? -Infinity : parseFloat(text.replaceAll(",", ""));
  return classes.contains("rank") ? ranks[text] : text;
}
function compare(one, other) {
  if (typeof one === "string" && typeof other === "string") return one.localeCompare(other);
  return one < other ? -1 : one > other ? 1 : 0;
}
for (const table of document.querySelectorAll("table.sorted")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => head.firstElementChild.addEventListener("click", () => {
    const isNumber = head.classList.contains("n");
    const before = head.getAttribute("aria-sort") ?? (isNumber ? "ascending" : "descending");
    const now = before === "ascending" ? "descending" : "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", now);
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => [keyOf(row, place, head.classList), row]);
    keyed.sort((one, other) => (now === "ascending" ? 1 : -1) * compare(one[0], other[0]));
    body.append(...keyed.map((one) => one[1]));
  }));
}
