"""The report's pictures as files for a paper: ``NAME.svg`` and ``NAME.pdf``, at a journal's column width.

``DRAWERS`` holds what can be drawn; a drawer gives names of files and the pictures in them, as SVG texts.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from ltcbench.files import write
from ltcbench.paper.tables import MINUTES, Column
from ltcbench.reporting import diagram, html, ink, pdf, pictures, ranking, waterfall
from ltcbench.reporting.charts import figure
from ltcbench.reporting.comparison import Comparison
from ltcbench.reporting.effects import Turns
from ltcbench.reporting.layout import PROTOCOLS
from ltcbench.reporting.learning_curves import Curves
from ltcbench.reporting.rows import Row

GAP = 16  # pixels between small pictures
BESIDE = 3  # of them in a line: a page's width, 180 mm

Drawn = Iterator[tuple[str, str]]
Drawer = Callable[[Sequence[Comparison], Curves], Drawn]


def write_all(
    folder: Path, comparisons: Sequence[Comparison], curves: Curves, turned: Sequence[Turns] = ()
) -> list[Path]:
    """Write every picture that there is, and return their files.

    Args:
        folder: where to.
        comparisons: the tables.
        curves: where learning curves come from.
        turned: cells with switches turned off.

    Raises:
        Failure: a file cannot be written.
    """
    made = []
    drawn = chain(*(drawer(comparisons, curves) for drawer in DRAWERS), _waterfalls(turned))
    for name, svg in drawn:
        tree = ink.plain(svg)
        for ending, content in (("svg", ink.text(tree)), ("pdf", pdf.converted(tree))):
            made.append(folder / f"{name}.{ending}")
            write(made[-1], content)
    return made


def columns(comparisons: Sequence[Comparison]) -> Iterator[tuple[str, Comparison, Column]]:
    """The columns with a metric, each with the beginning of its files' names, e.g. ``ltc-6-cheetah``."""
    for comparison in comparisons:
        for column in html.columns(comparison):
            if column.metric != MINUTES:
                yield f"{comparison.table.name}-{column.name}".replace(" ", "-"), comparison, column


def rows(comparison: Comparison, column: Column) -> list[Row]:
    """A column's rows under every protocol."""
    return [row for protocol in comparison.protocols for row in comparison.column(column, protocol)]


def _models(comparisons: Sequence[Comparison], _: Curves) -> Drawn:
    for name, comparison, column in columns(comparisons):
        if svg := pictures.models(rows(comparison, column)):
            yield name, svg


def _times(comparisons: Sequence[Comparison], _: Curves) -> Drawn:
    for name, comparison, column in columns(comparisons):
        if svg := pictures.error_against_time(rows(comparison, column)):
            yield f"{name}-time", svg


def _curves(comparisons: Sequence[Comparison], curves: Curves) -> Drawn:
    for name, comparison, column in columns(comparisons):
        for protocol in comparison.protocols:
            if panels := pictures.learning_curves(comparison.column(column, protocol), curves):
                yield f"{name}-curves-{protocol}", _grid(panels, f"{column.task}: learning curves")


def _scatter(comparisons: Sequence[Comparison], _: Curves) -> Drawn:
    drawn = pictures.ours_against_papers([row for comparison in comparisons for row in comparison.rows])
    yield from ((f"paper-against-ours-{name}", svg) for name, svg in drawn.items())


def _ranks(comparisons: Sequence[Comparison], _: Curves) -> Drawn:
    for name, one in zip(("printed", *PROTOCOLS), ranking.standings(comparisons), strict=True):
        if one.found:
            yield f"ranks-{name}", diagram.svg([(one.title, one.found)], pictures.WIDTH)


def _waterfalls(turned: Sequence[Turns]) -> Drawn:
    for turns in turned:
        cell = turns.own.cell
        if svg := waterfall.picture(turns, pictures.WIDTH):
            yield f"{cell.table.name}-{cell.column.name}-{cell.model}-switches".replace(" ", "-"), svg


def _grid(panels: Sequence[str], label: str) -> str:
    """Small pictures as one."""
    width, height = pictures.PANEL
    placed = [
        panel.replace("<svg ", f'<svg x="{i % BESIDE * (width + GAP)}" y="{i // BESIDE * (height + GAP)}" ', 1)
        for i, panel in enumerate(panels)
    ]
    lines, beside = -(-len(panels) // BESIDE), min(len(panels), BESIDE)
    return figure(beside * (width + GAP) - GAP, lines * (height + GAP) - GAP, label, placed)


DRAWERS: tuple[Drawer, ...] = (_models, _times, _curves, _scatter, _ranks)
