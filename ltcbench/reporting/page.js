"use strict";
// Sorting: a button in every head of a column; a click sorts by it, another one turns the order round.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const row = table.tHead.rows[table.tHead.rows.length - 1];
  const original = [...body.rows];
  [...row.cells].forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const other of row.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      body.append(...original.slice().sort((a, b) => sign * compare(value(a.cells[place]), value(b.cells[place]), sign)));
    });
  });
}

function value(cell) {
  if (!cell) return "";
  const text = "value" in cell.dataset ? cell.dataset.value : cell.textContent.trim();
  return text !== "" && !isNaN(text) ? Number(text) : text;
}

function compare(a, b, sign) { // empty places come last in either order
  if (a === "" || b === "") return a === b ? 0 : a === "" ? sign : -sign;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
}

// Filtering: every line of a table of a paper that does not fit is hidden, and with its last line the column.
const form = document.querySelector("form.controls");
if (form) {
  const [search, verdict, run, shown] = ["search", "verdict", "run", "shown"].map((id) => document.getElementById(id));
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const protocol = form.elements.protocol.value;
    document.body.classList.toggle("only-paper", protocol === "paper");
    document.body.classList.toggle("only-clean", protocol === "clean");
    let lines = 0;
    for (const section of document.querySelectorAll("section.column")) {
      let here = 0;
      for (const line of section.querySelectorAll("table.cells tbody tr")) {
        const verdicts = line.dataset.verdicts.split(" ").filter(Boolean);
        const seen = protocol === "both" || verdicts.length < 2 ? verdicts : [verdicts[protocol === "paper" ? 0 : 1]];
        const text = (section.dataset.name + " " + line.cells[0].textContent).toLowerCase();
        const fits = words.every((word) => text.includes(word)) && (!verdict.value || seen.includes(verdict.value))
          && (!run.checked || seen.length === 0 || seen.some((said) => said !== "not-run"));
        line.hidden = !fits;
        if (fits && verdicts.length) here += 1;
      }
      section.hidden = here === 0;
      lines += here;
    }
    for (const table of document.querySelectorAll("main > section[id]:not(#glance, #duel)")) {
      table.hidden = !table.querySelector("section.column:not([hidden])");
    }
    shown.textContent = `${lines} cells`;
  };
  for (const kind of ["input", "change"]) form.addEventListener(kind, filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  if (matchMedia("(max-width: 50rem)").matches) form.elements.protocol.value = "paper";
  filter();
}

// A link to something inside closed details opens them.
function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let up = target.parentElement; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
  target.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", open);
open();
