"""A comparison as a matrix, models x columns: a block with the paper's numbers, then one of ours for each protocol."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ltcbench.paper.tables import MINUTES, Column
from ltcbench.reporting import latex, words
from ltcbench.reporting.comparison import Comparison
from ltcbench.reporting.layout import PROTOCOLS, Layout, Section, Text, best
from ltcbench.reporting.rows import Row
from ltcbench.reporting.statistics import LEVEL, Summary, difference, holm

NARROW = 4  # places in a line that go into one column of a page
NONE = "none"  # of the runs came to a number
DIFFERS, TIED, RESERVED = "†", "‡", "§"
EXPLANATION = (
    f"Mean ± sample deviation over the seeds. {DIFFERS} differs from the paper's number (Welch's test, Holm's "
    f"correction over the table); {TIED} not told apart from the best of its column (the same, over the column); "
    f"{RESERVED} see below its block."
)


@dataclass(frozen=True)
class Block:
    """Numbers of one origin.

    Attributes:
        title: where they come from.
        lines: of each model that has a number, a cell for each column.
        below: what is to be said of single cells.
    """

    title: str
    lines: Mapping[str, tuple[Text, ...]]
    below: tuple[str, ...] = ()


def columns(comparison: Comparison) -> list[Column]:
    """The columns in which there is a number, the paper's or ours, in the table's order."""
    filled = {row.cell.column.name for row in comparison.rows if row.cell.number or row.ours}
    return [column for name, column in comparison.table.columns.items() if name in filled]


def blocks(comparison: Comparison) -> list[Block]:
    """The paper's numbers, then ours under each protocol under which something was run."""
    theirs = {
        (row.cell.model, row.cell.column.name): Summary(number.mean, number.sample_std, number.n or 1)
        for row in comparison.rows
        if (number := row.cell.number)
    }
    printed = {
        (row.cell.model, row.cell.column.name): words.paper(row.cell) for row in comparison.rows if row.cell.number
    }
    found = [Block("as the paper prints them", _lines(comparison, theirs, printed))] if theirs else []
    for protocol in comparison.protocols:
        rows = [row for row in comparison.rows if row.protocol == protocol and row.runs]
        if any(row.ours for row in rows):
            found.append(_ours(comparison, protocol, rows))
    return found


def _ours(comparison: Comparison, protocol: str, rows: list[Row]) -> Block:
    summaries, printed = {}, {}
    for row in rows:
        key = row.cell.model, row.cell.column.name
        if row.ours is None:
            printed[key] = f"{NONE}{RESERVED}"
        else:
            summaries[key] = row.ours
            signs = (DIFFERS * (row.verdict == "differs"), RESERVED * bool(_reservations(row)))
            printed[key] = words.number(row.ours, row.cell.column) + "".join(signs)
    seeds = sorted({row.ours.n for row in rows if row.ours})
    span = f"{seeds[0]} to {seeds[-1]} seeds" if len(seeds) > 1 else "one seed" if seeds == [1] else f"{seeds[0]} seeds"
    return Block(f"ours, {PROTOCOLS[protocol]}, {span}", _lines(comparison, summaries, printed), _below(rows))


def _below(rows: list[Row]) -> tuple[str, ...]:
    """The reservations, a line a column and a kind; the models are named where it is not all of the column."""
    models: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        models.setdefault((row.cell.column.name, _reservations(row)), []).append(row.cell.model)
    in_column = Counter(row.cell.column.name for row in rows)
    return tuple(
        f"{RESERVED} {', '.join([column, *([] if len(named) == in_column[column] > 1 else named)])}: {said}."
        for (column, said), named in models.items()
        if said
    )


def _reservations(row: Row) -> str:
    """What keeps a cell from being one of whole runs on the official data, all of them finished."""
    return "; ".join(row.marks)


def _lines(
    comparison: Comparison, summaries: Mapping[tuple[str, str], Summary], printed: Mapping[tuple[str, str], str]
) -> dict[str, tuple[Text, ...]]:
    """A line for each model with a number; the best of a column is marked, and what is not told apart from it."""
    cells: dict[tuple[str, str], Text] = {}
    shown = columns(comparison)
    for column in shown:
        there = {model: summary for (model, name), summary in summaries.items() if name == column.name}
        leaders = best(column, {model: summary.mean for model, summary in there.items()})
        tied = _tied(there, leaders) if column.metric != MINUTES else set()
        for model in (model for model, name in printed if name == column.name):
            text = printed[model, column.name] + TIED * (model in tied)
            cells[model, column.name] = Text(text, model in leaders)
    models = [model for model in comparison.table.models if any(name == model for name, _ in cells)]
    return {model: tuple(cells.get((model, column.name), Text("")) for column in shown) for model in models}


def _tied(there: Mapping[str, Summary], leaders: set[str]) -> set[str]:
    """The models that Welch's test does not tell from the one leader; those with one run, or no deviation, apart."""
    if len(leaders) != 1:
        return set()
    (leader,) = leaders
    found = {model: difference(there[leader], its) for model, its in there.items() if model != leader}
    p_values = {model: its.p for model, its in found.items() if its.p is not None and not its.assumed}
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return {model for model, p in corrected.items() if p >= LEVEL}


def laid_out(comparison: Comparison) -> Layout:
    """The matrix as text, for every format but LaTeX."""
    shown = columns(comparison)
    head = ("model", *(f"{column.name}, {words.short(column)}" for column in shown))
    sections = tuple(
        Section(block.title, (), head, tuple((Text(model), *line) for model, line in block.lines.items()), block.below)
        for block in blocks(comparison)
    )
    table = comparison.table
    return Layout(f"{table.name}: {table.title}. {table.source}.", sections, (), (), EXPLANATION)


def tex(comparison: Comparison) -> str:
    """LaTeX with booktabs that compiles as it is; a table of many columns is as wide as a page of two columns."""
    shown, table = columns(comparison), comparison.table
    width = len(shown) + 1
    kind = "table*" if width > NARROW else "table"
    caption = f"{table.title}. {table.source}. {EXPLANATION}"
    lines = [r"% \usepackage{booktabs,graphicx}", rf"\begin{{{kind}}}[t]", rf"\caption{{{latex.escaped(caption)}}}"]
    lines += [rf"\label{{tab:{table.name}}}", r"\centering", r"\scriptsize", r"\setlength{\tabcolsep}{1.6pt}"]
    lines += [r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"]  # never wider than its place
    lines[-1] += rf"\begin{{tabular}}{{l{'c' * len(shown)}}}"
    lines += [r"\toprule"]
    lines += [latex.line(latex.escaped(text) for text in ("", *(column.name for column in shown)))]
    lines += [latex.line(latex.escaped(text) for text in ("", *map(words.short, shown)))]
    for block in blocks(comparison):
        lines += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\emph{{{latex.escaped(block.title)}}}}} \\"]
        for model, cells in block.lines.items():
            lines.append(latex.line([latex.escaped(model), *map(_cell, cells)]))
    lines += [r"\bottomrule", r"\end{tabular}}"]
    below = [said for block in blocks(comparison) for said in block.below]
    lines += ["", r"\smallskip", rf"\parbox{{\linewidth}}{{{latex.escaped(' '.join(below))}}}"] if below else []
    return "\n".join([*lines, rf"\end{{{kind}}}"]) + "\n"


def _cell(cell: Text) -> str:
    """A number in bold where it is the best, its deviation small."""
    small = re.sub(r"\$\\pm\$ [\d.]+", lambda match: rf"{{\tiny {match[0]}}}", latex.escaped(cell.text))
    return latex.bold(small, cell.best)
