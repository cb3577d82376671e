import pytest

from ltcbench.errors import UserError
from ltcbench.paper import selection, tables


def test_choosing_cells() -> None:
    cells = list(tables.table("ltc-3").cells())
    chosen = selection.chosen(cells, ["model=lstm,ltc", "task=traffic"])
    assert {(cell.model, cell.column.name) for cell in chosen} == {
        (model, column) for model in ("lstm", "ltc") for column in ("traffic", "traffic-transposed")
    }
    assert selection.chosen(cells, []) == cells


def test_what_tells_cells_apart_cannot_be_overridden() -> None:
    selection.check_overrides(["trainer.epochs=2", "model.hidden_size=3"])
    with pytest.raises(UserError, match="use --protocol"):
        selection.check_overrides(["protocol=clean"])


def test_protocols() -> None:
    assert selection.protocols("both") == ("paper", "clean")
    assert selection.protocols("clean") == ("clean",)
    with pytest.raises(UserError, match="did you mean both"):
        selection.protocols("bot")


@pytest.mark.parametrize("name", tables.names())
def test_a_further_row_stands_in_every_column(name: str) -> None:
    own = tables.table(name)
    table = selection.with_rows(own, ["gru", "ltc"])  # new to most tables, there already in some
    runnable = {cell.column.name for cell in table.cells() if cell.model == "gru" and not cell.why_not_run}
    assert runnable == {name for name, column in table.columns.items() if column.metric != tables.MINUTES}
    before = {(cell.model, cell.column.name): cell.why_not_run for cell in own.cells()}
    after = {(cell.model, cell.column.name): cell.why_not_run for cell in table.cells() if cell.model in own.models}
    assert after == before


def test_a_row_that_does_not_exist() -> None:
    with pytest.raises(UserError, match="did you mean gru"):
        selection.with_rows(tables.table("ltc-6"), ["grü"])
