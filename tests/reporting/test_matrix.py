import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import formats, matrix, published
from ltcbench.reporting.comparison import Comparison, compare
from ltcbench.reporting.statistics import Summary
from ltcbench.reporting.wanted import Composer
from tests.conftest import ROOT

from . import fake

DOCUMENT = r"""\documentclass[10pt,twocolumn]{article}
\usepackage{booktabs,graphicx}
\begin{document}
%s
\end{document}
"""


def has_tex() -> bool:
    """Whether there are pdflatex and the package that the document asks for, which come apart."""
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return False
    found = subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True, text=True)
    return bool(found.stdout.strip())


def compared(name: str, protocols: tuple[str, ...] = ("paper", "clean")) -> Comparison:
    table = tables.table(name)
    path = published.file(ROOT / "runs" / "published", name)
    runs = published.read(path) if path.is_file() else []
    return compare(table, list(table.cells()), runs, protocols, Composer())


def made(**means: float) -> Comparison:
    """Table 6 with five runs of each of these models, 0.01 from seed to seed."""
    table = tables.table("ltc-6")
    cells = {model: Cell(table, table.columns["cheetah"], model) for model in means}
    runs = [fake.run(cells[model].overrides("paper"), seed, mean + 0.01 * seed, **changed)
            for model, mean in means.items() for seed in range(5)
            for changed in [{"source": "subset"} if model == "node" else {}]]  # fmt: skip
    return compare(table, list(table.cells()), runs, ["paper"], Composer())


def test_signs_say_what_differs_what_ties_and_what_is_not_whole() -> None:
    theirs, ours = matrix.blocks(made(lstm=2.5, ltc=2.305, cfc=2.3, ctrnn=3.4, node=3.8))
    assert {model: cell.text for model, (cell,) in ours.lines.items()} == {
        "lstm": "2.520 ± 0.016",
        "ctrnn": "3.420 ± 0.016†",
        "node": "3.820 ± 0.016§",
        "ltc": "2.325 ± 0.016‡",
        "cfc": "2.320 ± 0.016",
    }
    assert [model for model, (cell,) in ours.lines.items() if cell.best] == ["cfc"]
    assert ours.title == "ours, the paper's protocol, 5 seeds"
    assert ours.below == ("§ cheetah, node: subset data.",)
    assert theirs.lines["ltc"] == (matrix.Text("2.308 ± 0.015", True),)


def test_a_reservation_of_a_whole_column_is_said_once() -> None:
    _, ours = matrix.blocks(compared("ltc-4", ("paper",)))
    assert ours.below == ("§ person: subset data.",)


def test_a_cell_whose_runs_all_diverged_is_not_left_out() -> None:
    table = tables.table("ltc-6")
    overrides = Cell(table, table.columns["cheetah"], "node").overrides("paper")
    runs = [fake.run(overrides, seed, None, status="diverged") for seed in range(3)]
    (ltc,) = (row for row in made(ltc=2.3).rows if row.runs)
    found = compare(table, list(table.cells()), [*runs, *ltc.runs], ["paper"], Composer())
    _, ours = matrix.blocks(found)
    assert ours.lines["node"] == (matrix.Text("none§"),)
    assert ours.below == ("§ cheetah, node: 3 of 3 diverged.",)


def test_ties_are_those_of_scipy_with_holms_correction() -> None:
    from scipy import stats

    there = {
        "a": Summary(1.0, 0.2, 5),
        "b": Summary(1.3, 0.2, 5),
        "c": Summary(1.45, 0.3, 4),
        "d": Summary(3.0, 0.1, 3),
    }
    p = {name: stats.ttest_ind_from_stats(1.0, 0.2, 5, its.mean, its.std, its.n, equal_var=False).pvalue
         for name, its in there.items() if name != "a"}  # fmt: skip
    assert p["d"] * 3 < 0.05 < p["b"] * 2  # b alone would be told apart
    assert matrix._tied(there, {"a"}) == {"b", "c"}
    assert matrix._tied(there | {"e": Summary(1.1, None, 1)}, {"a"}) == {"b", "c"}
    assert matrix._tied(there, {"a", "b"}) == set()


@pytest.mark.parametrize("name", tables.names())
def test_the_grammar_of_the_latex(name: str) -> None:
    comparison = compared(name)
    text = matrix.tex(comparison)
    assert text.count("{") == text.count("}")
    opened: list[str] = []
    for command, environment in re.findall(r"\\(begin|end)\{(.+?)\}", text):
        if command == "begin":
            opened.append(environment)
        else:
            assert opened.pop() == environment
    assert opened == []
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    assert {line.count("&") for line in body.splitlines() if "&" in line} == {len(matrix.columns(comparison))}
    assert not re.search(r"(?<!\\)[%_#$~^]", re.sub(r"\$\\pm\$|^% .*", "", text))
    assert text.isascii()


def test_the_other_formats_have_the_same_numbers() -> None:
    comparison = compared("ltc-3")
    layout = matrix.laid_out(comparison)
    cells = [text.text for section in layout.sections for line in section.lines for text in line if text.text]
    for write in (formats.term_of, formats.md_of, formats.csv_of):
        assert all(cell in write(layout) for cell in cells)
    assert len(layout.sections) == 3


@pytest.mark.slow
@pytest.mark.skipif(not has_tex(), reason="no pdflatex, or no booktabs package")
def test_every_matrix_compiles_and_fits_a_page_of_two_columns(tmp_path: Path) -> None:
    (tmp_path / "all.tex").write_text(DOCUMENT % "\n".join(matrix.tex(compared(name)) for name in tables.names()))
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "Missing character" not in (tmp_path / "all.log").read_text(errors="replace")
