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
