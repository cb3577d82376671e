import numpy as np
from scipy import stats

from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import duels
from ltcbench.reporting.comparison import Comparison, compare
from ltcbench.reporting.wanted import Composer

from . import fake


def made(**seeds: list[float]) -> Comparison:
    """Table 6 with these errors of these models."""
    table = tables.table("ltc-6")
    cells = {model: Cell(table, table.columns["cheetah"], model) for model in seeds}
    runs = [fake.run(cells[model].overrides("paper"), seed, value)
            for model, values in seeds.items() for seed, value in enumerate(values)]  # fmt: skip
    return compare(table, list(table.cells()), runs, ["paper", "clean"], Composer())


def line(comparison: Comparison, model: str, rival: str) -> list[str]:
    (section,) = duels.duels([comparison], model, rival).sections
    (line,) = section.lines
    return [text.text for text in line]


def test_the_papers_difference_and_ours_with_welchs_interval() -> None:
    ltc, lstm = [2.2, 2.25, 2.3], [2.5, 2.4, 2.6, 2.45]
    table, column, theirs, ours, clean = line(made(ltc=ltc, lstm=lstm), "ltc", "lstm")
    assert (table, column, clean) == ("ltc-6", "cheetah, MSE", "not run")
    assert theirs == "-0.192"  # 2.308 - 2.500
    interval = stats.ttest_ind(ltc, lstm, equal_var=False).confidence_interval()
    difference = np.mean(ltc) - np.mean(lstm)
    assert ours == f"{difference:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}], better (3 and 4)"


def test_the_first_is_worse_turned_round() -> None:
    *_, theirs, ours, _ = line(made(ltc=[2.2, 2.25, 2.3], lstm=[2.5, 2.4, 2.6]), "lstm", "ltc")
    assert theirs == "+0.192"
    assert ours.endswith("worse (3)")


def test_a_model_that_the_paper_has_not_is_compared_with_ours_alone() -> None:
    *_, theirs, ours, _ = line(made(cfc=[2.2, 2.6], lstm=[2.5, 2.4]), "cfc", "lstm")
    assert theirs == ""
    assert ours.endswith("not told apart (2)")


def test_columns_in_which_nothing_is_to_be_said_are_left_out() -> None:
    (section,) = duels.duels([made(ltc=[2.2, 2.25])], "gru_d", "lstm").sections
    assert section.lines == ()
