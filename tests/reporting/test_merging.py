"""Published runs of several people put together."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltcbench.errors import UserError
from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import merging, published
from ltcbench.reporting.index import Run, data_digest
from ltcbench.reporting.published import Line
from ltcbench.reporting.wanted import Composer
from ltcbench.settings.job import tree

from . import fake

TABLE = tables.table("cfc-walker")
COMPOSER = Composer()


def overrides(model: str) -> list[str]:
    return Cell(TABLE, TABLE.columns["walker"], model).overrides("paper")


def campaign() -> list[Line]:
    """Two models with three seeds, one of them cut short as well, and a run of settings that no cell has any more."""
    runs = [
        fake.run(overrides(model), seed, 0.6 + seed / 100, fingerprint=f"{model}{seed}")
        for model in ("cfc", "ltc")
        for seed in range(3)
    ]
    cut = fake.run([*overrides("cfc"), "trainer.epochs=5"], 0, 0.9, fingerprint="cut")
    old = dataclasses.replace(runs[0], settings="f" * 16, fingerprint="old")
    data = data_digest(tree(fake.job(*overrides("cfc"))))
    linear = fake.run(overrides("cfc"), 0, 3.1, model="linear", status="baseline", settings=data, fingerprint="")
    alone = [merging.standing(TABLE, [], [run], COMPOSER)[0] for run in (*runs, cut)]
    beside = merging.standing(TABLE, [], [runs[0], linear], COMPOSER)[1]
    return [*alone, Line("cfc-walker", "walker", "ltcbench train", old), beside]


def put(folder: Path, *parts: list[Line]) -> dict[str, bytes]:
    """The files after these lines were merged one after another into a folder."""
    for part in parts:
        merging.merged(folder / "cfc-walker.csv", part, COMPOSER).write()
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(st.booleans(), min_size=9, max_size=9), order=st.permutations(range(9)))
def test_halves_give_the_whole_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[bool], order: list[int]
) -> None:
    every = campaign()
    first = [every[i] for i in order if chosen[i]]
    second = [every[i] for i in order if not chosen[i]]
    whole = put(tmp_path_factory.mktemp("whole"), every)
    assert put(tmp_path_factory.mktemp("a"), first, second) == whole
    assert put(tmp_path_factory.mktemp("b"), second, first, second, first) == whole


def test_what_stands_in_no_cell_is_kept_apart_and_comes_back(tmp_path: Path) -> None:
    every = campaign()
    files = put(tmp_path, every)
    assert set(files) == {"cfc-walker.csv", "earlier/cfc-walker.csv"}
    assert {line.run.fingerprint for line in published.read_lines(tmp_path / "earlier" / "cfc-walker.csv")} == {
        "cut",
        "old",
    }
    assert len(published.read(tmp_path / "cfc-walker.csv")) == 7
    without_whole = [line for line in every if line.run.model != "cfc" or line.run.fingerprint == "cut"]
    put(tmp_path / "second", without_whole)
    assert "cut" in {run.fingerprint for run in published.read(tmp_path / "second" / "cfc-walker.csv")}
    put(tmp_path / "second", every)
    assert (tmp_path / "second" / "cfc-walker.csv").read_bytes() == files["cfc-walker.csv"]


def test_lines_are_counted_in_words(tmp_path: Path) -> None:
    path, every = tmp_path / "cfc-walker.csv", campaign()
    merging.merged(path, every[:2], COMPOSER).write()
    result = merging.merged(path, every[1:4], COMPOSER)
    assert (result.added, result.kept, result.replaced) == (2, 2, 0)
    assert result.summary() == "4 lines: 2 added, 2 kept."


def changed(line: Line, **fields: object) -> Line:
    return dataclasses.replace(line, run=dataclasses.replace(line.run, **fields))  # type: ignore[arg-type]


def test_a_run_that_had_not_ended_is_replaced_by_a_whole_one(tmp_path: Path) -> None:
    path, line = tmp_path / "cfc-walker.csv", campaign()[0]
    merging.merged(path, [changed(line, status="failed", value=None, best_epoch=None)], COMPOSER).write()
    result = merging.merged(path, [line], COMPOSER)
    assert (result.added, result.kept, result.replaced) == (0, 0, 1)
    result.write()
    again = merging.merged(path, [changed(line, status="failed", value=None)], COMPOSER)
    assert again.replaced == 0 and again.lines[0].run == line.run


def test_of_two_numbers_for_one_run_the_first_stays_and_both_are_told(tmp_path: Path) -> None:
    path, line = tmp_path / "cfc-walker.csv", campaign()[0]
    merging.merged(path, [line], COMPOSER).write()
    result = merging.merged(path, [changed(line, value=0.6000001, machine="Darwin arm64")], COMPOSER)
    assert [kept.run for kept in result.lines] == [line.run]
    (told,) = result.disputed
    assert told.startswith("walker/cfc seed 0 cfc0: 0.6 (made on Linux x86_64, torch")
    assert "0.6000001 (Darwin arm64" in told and "a difference of 1e-07" in told


@pytest.mark.parametrize(
    "fields",
    [{"table": "ltc-6"}, {"column": "nowhere"}, {"run": {"task": "xor"}}, {"run": {"model": "gpt"}}],
)
def test_a_line_that_is_no_cell_is_refused_with_its_number(tmp_path: Path, fields: dict[str, object]) -> None:
    lines, path = campaign()[:3], tmp_path / "cfc-walker.csv"
    run = fields.pop("run", {})
    lines[1] = dataclasses.replace(changed(lines[1], **run), **fields)  # type: ignore
    path.write_text(published.text(lines))
    with pytest.raises(UserError, match=r"line 3: .* is no cell of cfc-walker"):
        merging.checked(path)


def test_the_name_of_a_file_tells_table_and_settings(tmp_path: Path) -> None:
    path = published.file(tmp_path, "ltc-3", ["trainer.learning_rate=0.01", "task.path=a/b+c"])
    table, extra = merging.named(path)
    assert table.name == "ltc-3" and extra == ["trainer.learning_rate=0.01", "task.path=a/b+c"]
    with pytest.raises(UserError, match="unknown table 'notes'"):
        merging.named(tmp_path / "notes.csv")


def test_runs_of_one_moment_are_told_apart_the_same_way_in_any_order(tmp_path: Path) -> None:
    run = fake.run(overrides("cfc"), 0, 0.5, fingerprint="a")
    twins: list[Run] = [run, dataclasses.replace(run, value=0.6, fingerprint="b")]
    lines = [Line("cfc-walker", "walker", "", twin) for twin in twins]
    assert put(tmp_path / "a", lines) == put(tmp_path / "b", lines[::-1])
