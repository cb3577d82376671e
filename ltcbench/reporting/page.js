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

// Copying and keeping: three buttons over every table; what is filtered away stays away.
const formats = {
  tsv: (rows) => rows.map((row) => row.map((text) => text.replace(/\s+/g, " ")).join("\t")).join("\n") + "\n",
  md: (rows) => rows.map((row) => `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`)
    .toSpliced(1, 0, `|${" --- |".repeat(rows[0].length)}`).join("\n") + "\n",
  csv: (rows) => rows.map((row) => row.map((text) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
    .join(",")).join("\r\n") + "\r\n",
};

for (const scroll of document.querySelectorAll(".scroll")) {
  const table = scroll.querySelector("table");
  const name = table.caption.textContent;
  const tools = document.createElement("div");
  tools.className = "tools";
  tools.setAttribute("role", "group");
  tools.setAttribute("aria-label", `copy or keep: ${name}`);
  tools.append(
    tool("Copy", `copy as text with tabs: ${name}`, (button) => copy(formats.tsv(rows(table)), button)),
    tool("Markdown", `copy as Markdown: ${name}`, (button) => copy(formats.md(rows(table)), button)),
    tool("CSV", `download as CSV: ${name}`, () => keep(formats.csv(rows(table)), name)),
  );
  scroll.before(tools);
}

function tool(text, title, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.title = title;
  button.addEventListener("click", () => action(button));
  return button;
}

// The texts of a table: one line of heads, then what is not hidden.
function rows(table) {
  const body = document.body.classList;
  const away = body.contains("only-paper") ? "clean" : body.contains("only-clean") ? "paper" : "";
  const seen = (row) => [...row.cells].filter((cell) => !away || !cell.classList.contains(away));
  const [above, heads] = table.tHead.rows.length > 1 ? table.tHead.rows : [null, table.tHead.rows[0]];
  const groups = above ? [...above.cells].flatMap((cell) => Array(cell.colSpan).fill(cell)) : [];
  const places = [...heads.cells].map((cell, place) => [cell, groups[place] ? words(groups[place]) : ""])
    .filter(([cell]) => !away || !cell.classList.contains(away));
  const head = places.map(([cell, group]) => group ? `${words(cell)} (${group})` : words(cell));
  return [head, ...[...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => seen(row).map(words))];
}

function words(cell) {
  const parts = [...cell.childNodes].filter((node) => node.nodeName.toLowerCase() !== "svg");
  return parts.map((node) => node.textContent.trim()).filter(Boolean).join("; ");
}

async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed";
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}

function keep(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${name.replace(/[^\w.-]+/g, "-").slice(0, 60)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Filtering: every line of a table of a paper that does not fit is hidden, and with its last line the column.
const form = document.querySelector("form.controls");
if (form) {
  const [search, verdict, run, shown] = ["search", "verdict", "run", "shown"].map((id) => document.getElementById(id));
  let opened = false; // what is folded opens while something is looked for
  const filter = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const protocol = form.elements.protocol.value;
    document.body.classList.toggle("only-paper", protocol === "paper");
    document.body.classList.toggle("only-clean", protocol === "clean");
    const asked = wanted.length > 0 || verdict.value !== "" || run.checked;
    let lines = 0;
    for (const section of document.querySelectorAll("section.column")) {
      let here = 0;
      for (const line of section.querySelectorAll("table.cells tbody tr")) {
        const verdicts = line.dataset.verdicts.split(" ").filter(Boolean);
        const seen = protocol === "both" || verdicts.length < 2 ? verdicts : [verdicts[protocol === "paper" ? 0 : 1]];
        const text = (section.dataset.name + " " + line.cells[0].textContent).toLowerCase();
        const fits = wanted.every((word) => text.includes(word)) && (!verdict.value || seen.includes(verdict.value))
          && (!run.checked || seen.length === 0 || seen.some((said) => said !== "not-run"));
        line.hidden = !fits;
        if (fits && verdicts.length) here += 1;
      }
      section.hidden = here === 0;
      lines += here;
    }
    for (const table of document.querySelectorAll("main > section[id]:not(#glance, #duel)")) {
      if (table.querySelector("section.column")) table.hidden = !table.querySelector("section.column:not([hidden])");
    }
    if (asked !== opened) for (const fold of document.querySelectorAll("details.fold:not(#ranks > *, #switches > *)")) fold.open = asked;
    opened = asked;
    shown.textContent = `${lines} cells`;
  };
  for (const kind of ["input", "change"]) form.addEventListener(kind, filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  if (matchMedia("(max-width: 50rem)").matches) form.elements.protocol.value = "paper";
  filter();
}

// On paper nothing can be opened: the pictures are.
addEventListener("beforeprint", () => {
  for (const closed of document.querySelectorAll("details.pictures, #ranks > details, #switches > details")) closed.open = true;
});

// A link to something inside closed details opens them.
function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  const fold = target.querySelector(":scope > details.fold");
  if (fold) fold.open = true;
  for (let up = target.parentElement; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
  target.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", open);
open();
