"""A laid out table as LaTeX with booktabs."""

import re
from collections.abc import Iterable

from ltcbench.reporting.layout import Layout, Section

_ESCAPES = {
    **{raw: f"\\{raw}" for raw in "&%_#${}"},
    **{"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "±": r"$\pm$", "²": r"\textsuperscript{2}"},
    **{"†": r"\textsuperscript{\dag}", "‡": r"\textsuperscript{\ddag}", "§": r"\textsuperscript{\S}"},
}
_SPECIAL = re.compile("|".join(map(re.escape, _ESCAPES)))


def of(layout: Layout) -> str:
    """The table; the best numbers are bold."""
    width = max((len(section.head) for section in layout.sections), default=1)
    lines = [r"% \usepackage{booktabs}", r"\begin{table}", rf"\caption{{{escaped(layout.title)}}}", r"\centering"]
    lines += [rf"\begin{{tabular}}{{{'l' * width}}}", r"\toprule"]
    for i, section in enumerate(layout.sections):
        lines += [r"\midrule"] if i else []
        lines += _section(section, width)
    lines += [r"\bottomrule", r"\end{tabular}", "", r"\footnotesize"]
    lines += [rf"$^{{{i}}}$ {escaped(note)}. " for i, note in enumerate(layout.notes, 1)]
    lines += [escaped(text) for text in (layout.explanation, *layout.summary)]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _section(section: Section, width: int) -> list[str]:
    marks = f"$^{{{','.join(map(str, section.notes))}}}$" if section.notes else ""
    lines = [rf"\multicolumn{{{width}}}{{l}}{{\emph{{{escaped(section.title)}}}{marks}}} \\"]
    lines += [line(map(escaped, section.head)), r"\midrule"]
    lines += [line(bold(escaped(text.text), text.best) for text in texts) for texts in section.lines]
    lines += [rf"\multicolumn{{{width}}}{{l}}{{{escaped(text)}}} \\" for text in section.below]
    return lines


def line(cells: Iterable[str]) -> str:
    """A line of a tabular."""
    return " & ".join(cells) + r" \\"


def bold(text: str, best: bool) -> str:
    """``text``, bold where it is the best."""
    return rf"\textbf{{{text}}}" if best and text else text


def escaped(text: str) -> str:
    """``text`` as LaTeX prints it."""
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text)
