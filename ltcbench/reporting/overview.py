"""The beginning of the report: how many cells came out how, and the question that everybody asks."""

from collections.abc import Sequence
from html import escape

from ltcbench.paper.tables import MINUTES, Column
from ltcbench.reporting import html, words
from ltcbench.reporting.charts import shares
from ltcbench.reporting.comparison import Comparison
from ltcbench.reporting.layout import EXPLANATION, PROTOCOLS
from ltcbench.reporting.markup import figure, heads, table, tag
from ltcbench.reporting.pictures import ours_against_papers
from ltcbench.reporting.statistics import Difference, Summary, difference

JUDGED = ("reproduced", "differs, better", "differs, worse", "inconclusive", "not run")
STRIP = "In the column of differences the box is the margin and the line the interval."
SCATTER = (
    "Ours against the papers’, a point a cell; on the line both are the same. Circles under the paper’s protocol, "
    "diamonds under the clean one, hollow where runs were cut short or had other data. Green: reproduced; orange: "
    "differs; grey: open."
)


def glance(comparisons: Sequence[Comparison]) -> str:
    """How the cells of each table came out, and all of them in one picture."""
    lines = []
    for comparison in comparisons:
        name, title = comparison.table.name, comparison.table.title
        places = [tag("th", tag("a", name, href=f"#{name}", title=title), scope="row")]
        for protocol in comparison.protocols:
            said = [words.verdict(row) for row in comparison.rows if row.protocol == protocol]
            counts = {verdict: said.count(verdict) for verdict in JUDGED}
            text = ", ".join(
                f"{n} {verdict.split()[-1]}" for verdict, n in counts.items() if n and verdict != "not run"
            )
            bar = shares([(verdict.split()[-1], n) for verdict, n in counts.items()], text or "nothing was run")
            label = tag("small", text or "not run")
            places.append(tag("td", bar, label, class_=protocol, data_value=counts["reproduced"]))
        lines.append(tag("tr", *places))
    head = [
        *heads("table"),
        *(heading for protocol, name in PROTOCOLS.items() for heading in heads(name, kind=protocol)),
    ]
    scatter = ours_against_papers([row for comparison in comparisons for row in comparison.rows])
    grid = table("Cells of each table by verdict, of all that the paper has", head, lines)
    return tag(
        "section",
        tag("h2", "At a glance"),
        tag("div", tag("div", grid), figure("".join(scatter.values()), SCATTER), class_="beside glance"),
        tag("p", escape(f"{EXPLANATION} {STRIP}"), class_="said wide"),
        id="glance",
    )


def duels(comparisons: Sequence[Comparison]) -> str:
    """The LTC against the LSTM, task by task, and what there is no answer of ours to."""
    lines, unknown = [], []
    for comparison in comparisons:
        for column in html.columns(comparison):
            numbers = [column.numbers.get(model) for model in ("ltc", "lstm")]
            if column.metric == MINUTES or None in numbers:
                continue
            claim = difference(*(Summary(n.mean, n.std, n.n or 1) for n in reversed(numbers) if n))
            found = {p: comparison.duel(column, p, "ltc", "lstm") for p in comparison.protocols}
            if not any(found.values()):
                unknown.append(f"{comparison.table.name} {column.name} ({words.duel(claim, column)})")
                continue
            link = tag("a", escape(f"{comparison.table.name} {column.name}"), href=f"#{comparison.table.name}")
            places = [tag("th", link, tag("small", escape(words.measured(column))), scope="row")]
            places.append(_duel(claim, column))
            for protocol, ours in found.items():
                marks = comparison.marks(column, protocol, "ltc", "lstm")
                places += [_duel(ours, column, protocol, marks)]
            lines.append(tag("tr", *places))
    headings = [heading for protocol, name in PROTOCOLS.items() for heading in heads(f"ours, {name}", kind=protocol)]
    head = [*heads("task", "the paper"), *headings]
    grid = table("LTC less LSTM, with the 95 % interval of the difference", head, lines)
    rest = f"Not run by us; in brackets the paper's: {'; '.join(unknown)}."
    parts = [grid] if lines else []
    parts += [tag("p", escape(rest), class_="meta wide")] if unknown else []
    return tag("section", tag("h2", "Does the LTC beat the LSTM?"), *parts, id="duel")


def _duel(found: Difference | None, column: Column, protocol: str | None = None, marks: str = "") -> str:
    if found is None:
        return tag("td", tag("span", "not run", class_="mark not-run"), class_=protocol, data_value="")
    text, _, said = words.duel(found, column).rpartition(", ")
    kind = {"better": "differs better", "worse": "differs worse"}.get(said, "inconclusive")
    parts = tag("span", escape(said), class_=f"mark {kind}"), tag("small", escape(text + marks))
    return tag("td", *parts, class_=protocol, data_value=found.value)
