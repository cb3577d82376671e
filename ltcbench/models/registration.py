"""``register("my_cell", MyCell)``: a model of the user's own."""

import inspect

from ltcbench.errors import UserError
from ltcbench.models.cells.cell import Cell
from ltcbench.models.registry import MODELS, Model
from ltcbench.plugins import registered

UNITS = 32  # where nothing says how many, as in the LTC paper
# Settings of every model, and parameters of ``build``: an option of a cell is called otherwise.
RESERVED = (
    "name", "hidden_size", "input_size", "output_size", "masked", "feature_mask", "vocabulary", "embedding_size",
    "embedding_dropout", "readout", "readout_std", "engine",
)  # fmt: skip


def register(name: str, cell: type[Cell]) -> None:
    """Make a model out of a cell.

    Its keyword options, each with a type and a default, are the model's. ``<name>.yaml`` beside the cell's file, if
    there is one, changes defaults and says what they mean.

    Args:
        name: by which it is chosen, ``model=<name>``.
        cell: its class, made as ``cell(input_size, hidden_size, **options)``.

    Raises:
        UserError: it is no cell, one of its options cannot be set, or the name is taken.
    """
    if not (inspect.isclass(cell) and issubclass(cell, Cell)):
        raise UserError(f"model {name}: {cell!r} is no Cell: expected a subclass of ltcbench.models.Cell.")
    missing = [method for method in _needed(cell) if getattr(cell, method) is getattr(Cell, method)]
    if missing:
        raise UserError(
            f"{cell.__name__} has no {' and no '.join(missing)}: a cell needs them, see ltcbench.models.Cell."
        )
    options = registered.options(cell.__name__, cell, RESERVED)
    own = registered.add("model", name, cell, {"hidden_size": UNITS, **options}, MODELS)
    changed = {key: value for key, value in own.settings["model"].items() if key in options and value != options[key]}
    MODELS[name] = Model("own", cell, defaults=changed)


def _needed(cell: type[Cell]) -> tuple[str, ...]:
    return ("sequence",) if cell.at_once else ("drive", "step")
