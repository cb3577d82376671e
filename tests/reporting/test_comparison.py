from collections.abc import Sequence
from pathlib import Path

import pytest

from ltcbench.errors import UserError
from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting.comparison import Comparison, compare
from ltcbench.reporting.index import Run, data_digest
from ltcbench.reporting.rows import Row, margin
from ltcbench.reporting.wanted import Composer
from ltcbench.settings.job import tree

from . import fake

LTC6 = tables.table("ltc-6")
COMPOSER = Composer()  # composing takes a tenth of a second, so it is shared


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    return tmp_path


def overrides(model: str, protocol: str = "paper", table: str = "ltc-6", column: str = "cheetah") -> list[str]:
    found = tables.table(table)
    return Cell(found, found.columns[column], model).overrides(protocol)


def five(model: str, mean: float, spread: float = 0.02, **changed: object) -> list[Run]:
    return [fake.run(overrides(model), seed, mean + spread * (seed - 2), **changed) for seed in range(5)]


def comparison(found: Sequence[Run], *protocols: str, table: str = "ltc-6", extra: Sequence[str] = ()) -> Comparison:
    its = tables.table(table)
    return compare(its, list(its.cells()), found, protocols or ("paper",), COMPOSER, extra)


def row(found: Sequence[Run], model: str = "lstm", extra: Sequence[str] = ()) -> Row:
    return next(row for row in comparison(found, extra=extra).rows if row.cell.model == model)


def test_verdicts_and_their_direction() -> None:
    found = [*five("lstm", 2.5, 0.001), *five("ctrnn", 2.0), *five("node", 6.0), *five("ltc", 2.3, 0.4)]
    said = {row.cell.model: (row.verdict, row.direction) for row in comparison(found).rows}
    assert said == {
        "lstm": ("reproduced", ""),
        "ctrnn": ("differs", "better"),
        "node": ("differs", "worse"),
        "ctgru": ("not run", ""),
        "ltc": ("inconclusive", ""),
        "cfc": ("not run", ""),
    }


def test_no_cell_is_left_out_though_nothing_was_run() -> None:
    rows = comparison([], table="ltc-3").rows
    assert len({(row.cell.column.task, row.cell.model) for row in rows if row.cell.number}) == 35
    assert {row.verdict for row in rows} == {"not run"}
    assert {row.failed for row in rows} == {0}


def test_a_model_without_a_number_of_the_paper_is_ours_only() -> None:
    assert row(five("cfc", 2.0), "cfc").verdict == "ours only"


def test_the_correction_is_for_all_judged_cells() -> None:
    found = five("lstm", 2.7)  # p = 0.03 by itself
    assert row(found).verdict == "differs"
    assert row([*found, *five("cfc", 2.0), *five("ctrnn", 2.8, source="subset")]).verdict == "differs"  # none is judged
    assert row([*found, *five("ctrnn", 2.8)]).verdict == "inconclusive"


def test_only_runs_with_the_settings_of_the_cell_count() -> None:
    good = five("lstm", 2.5)
    other = [fake.run([*overrides("lstm"), "model.hidden_size=8"], 7, 9.0), fake.run(overrides("ltc"), 8, 9.0)]
    assert [run.seed for run in row([*good, *other]).runs] == [0, 1, 2, 3, 4]
    more = fake.run([*overrides("lstm"), "trainer.epochs=400"], 9, 9.0)
    assert len(row([*good, more]).runs) == 5
    interrupted = fake.run(overrides("lstm"), 6, None, status="interrupted")
    assert len(row([*good, interrupted]).runs) == 5


def test_settings_are_compared_not_names() -> None:
    same = fake.run(
        [*overrides("lstm"), "recipe=none", "device=cpu", "threads=2", "trainer.learning_rate=0.001"], 5, 2.5
    )
    assert len(row([*five("lstm", 2.5), same]).runs) == 6


def test_of_two_runs_of_a_seed_the_newer_counts() -> None:
    old = fake.run(overrides("lstm"), 0, 1.0, ended="2025-01-01T00:00:00Z")
    new = fake.run(overrides("lstm"), 0, 2.0)
    for order in ([old, new], [new, old]):
        assert row(order).ours.mean == 2.0  # type: ignore[union-attr]


def test_diverged_runs_count_and_failed_ones_are_told() -> None:
    found = [
        fake.run(overrides("lstm"), 0, 2.4),
        fake.run(overrides("lstm"), 1, 2.6, status="diverged"),
        fake.run(overrides("lstm"), 2, None, status="diverged"),
        fake.run(overrides("lstm"), 3, None, status="failed"),
    ]
    seen = row(found)
    assert (seen.ours.mean, seen.ours.n, seen.failed) == (2.5, 2, 3)  # type: ignore[union-attr]
    assert seen.marks == ("2 of 4 diverged", "1 of 4 failed")
    nothing = row(found[2:])
    assert (nothing.ours, nothing.verdict, nothing.failed) == (None, "inconclusive", 2)


def test_a_cell_with_a_diverged_run_is_never_reproduced() -> None:
    whole = five("lstm", 2.5, 0.001)
    assert row(whole).verdict == "reproduced"
    assert row([*whole, fake.run(overrides("lstm"), 5, None, status="diverged")]).verdict == "inconclusive"


@pytest.mark.parametrize(("seeds", "said"), [(3, True), (5, False)])
def test_a_mean_over_fewer_seeds_than_the_papers_says_so(seeds: int, said: bool) -> None:
    seen = row(five("lstm", 2.5, 0.001)[:seeds])
    assert (f"{seeds} of the paper's 5 seeds" in seen.remarks) == said


def test_one_run_is_inconclusive() -> None:
    seen = row([fake.run(overrides("lstm"), 0, 9.0)])
    assert (seen.verdict, seen.found.low) == ("inconclusive", None)  # type: ignore[union-attr]
    assert "one run, so no interval" in seen.remarks


def test_data_that_are_not_official_are_marked_and_never_judged() -> None:
    subset = row(five("lstm", 2.5, source="subset"))
    assert (subset.verdict, subset.marks, subset.source) == ("inconclusive", ("subset data",), "subset")
    both = row([*five("lstm", 2.5, 0.001), *five("lstm", 9.0, source="synthetic")])
    assert (both.source, both.marks, both.verdict) == ("official", (), "reproduced")


def test_cut_runs_are_marked_never_judged_and_give_way_to_whole_ones() -> None:
    short = [fake.run([*overrides("lstm"), "trainer.epochs=20"], seed, 2.5) for seed in range(5)]
    seen = row(short)
    assert (seen.marks, seen.verdict) == (("cut short, 20 of 200 epochs",), "inconclusive")
    assert row([*short, *five("lstm", 3.0)]).marks == ()
    asked = row(short, extra=["trainer.epochs=20"])
    assert asked.marks == ("cut short, 20 of 200 epochs",)


def test_an_override_concerns_the_cells_that_have_such_a_setting() -> None:
    mended = "task.quirks.transposed_windows=false"  # a quirk of ozone alone
    found = [
        fake.run([*overrides("ltc", table="ltc-3", column="ozone"), mended], 0, 0.3, metric="f1"),
        fake.run(overrides("ltc", table="ltc-3", column="gesture"), 0, 0.5, metric="accuracy"),
    ]
    rows = comparison(found, table="ltc-3", extra=[mended]).rows
    assert {row.cell.column.name for row in rows if row.runs} == {"ozone"}
    (left_out,) = (row for row in rows if row.remarks and not row.runs)
    assert left_out.cell.column.name == "gesture"
    assert left_out.remarks == ("left out: unknown setting 'task.quirks.transposed_windows'",)
    with pytest.raises(UserError, match="random_splat"):
        comparison(found, table="ltc-3", extra=["task.quirks.random_splat=false"])


def test_overrides_choose_other_runs_and_are_told() -> None:
    small = [fake.run([*overrides("lstm"), "model.hidden_size=8"], seed, 5.0 + seed) for seed in range(3)]
    seen = row([*small, *five("lstm", 2.5)], extra=["model.hidden_size=8"])
    assert seen.ours.n == 3  # type: ignore[union-attr]
    assert "with model.hidden_size=8" in seen.remarks


def test_units() -> None:
    percent = [
        fake.run(overrides("ltc", table="ltc-3", column="gesture"), seed, 0.69 + seed / 100, metric="accuracy")
        for seed in range(2)
    ]
    (seen,) = (row for row in comparison(percent, table="ltc-3").rows if row.runs)
    assert seen.ours.mean == pytest.approx(69.5)  # type: ignore[union-attr]
    timed = [fake.run(overrides("cfc", table="cfc-walker", column="walker"), 0, 0.6)]
    by_column = {row.cell.column.name: row for row in comparison(timed, table="cfc-walker").rows if row.runs}
    assert by_column["time"].ours.mean == pytest.approx(0.1)  # type: ignore[union-attr]
    assert (by_column["time"].verdict, by_column["time"].found) == ("not judged", None)


def test_margins() -> None:
    cells = {(cell.column.name, cell.model): cell for cell in tables.table("ltc-3").cells()}
    assert margin(cells["gesture", "ltc"]) == 2
    assert margin(cells["traffic", "ltc"]) == pytest.approx(0.0099)
    assert margin(cells["ozone", "lstm"]) == 0.03


def test_rankings() -> None:
    found = [*five("lstm", 2.0), *five("ctrnn", 3.0), *five("node", 4.0), *five("ctgru", 5.0)]
    closed = [fake.run(overrides(m, "clean"), 0, v) for m, v in (("lstm", 9.0), ("ctrnn", 8.0), ("node", 7.0))]
    seen, column = comparison([*found, *closed], "paper", "clean"), LTC6.columns["cheetah"]
    taus = [seen.agreement(column, "paper"), seen.agreement(column, "clean"), seen.closed(column)]
    assert [found and found.tau for found in taus] == pytest.approx([4 / 6, -1, -1])  # ctgru is third in the paper
    assert comparison(five("lstm", 2.0)).agreement(column, "paper") is None


def test_a_baseline_stands_beside_runs_on_the_same_data() -> None:
    own = fake.job(*overrides("lstm"))
    settings = data_digest(tree(own))
    linear = fake.run(overrides("lstm"), 0, 3.5, model="linear", status="baseline", settings=settings)
    other = fake.run(
        overrides("lstm"), 0, 9.9, model="linear", status="baseline", settings=settings, source="synthetic"
    )
    seen = comparison([*five("lstm", 2.5), linear, other])
    assert seen.baselines == {("cheetah", "paper"): (linear,)}
    assert comparison([linear]).baselines == {}


def test_choosing_cells_does_not_change_verdicts() -> None:
    seen = comparison([*five("lstm", 2.4), *five("ltc", 2.2, 0.03), *five("node", 3.6, 0.1)])
    cells = [cell for cell in LTC6.cells() if cell.model == "ltc"]
    assert seen.only(cells).rows == tuple(row for row in seen.rows if row.cell.model == "ltc")


def test_compositions_are_remembered_until_the_configuration_changes(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    composer = Composer()
    wanted = composer.wanted(overrides("lstm"))
    composer.save()

    def never(overrides: Sequence[str]) -> None:
        raise AssertionError("composed again")

    monkeypatch.setattr("ltcbench.settings.composition.composed", never)
    assert Composer().wanted(overrides("lstm")) == wanted
    monkeypatch.setattr("ltcbench.reporting.wanted._state", lambda: "another")
    with pytest.raises(AssertionError, match="composed again"):
        Composer().wanted(overrides("lstm"))
