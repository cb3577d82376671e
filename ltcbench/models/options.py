"""Options of models: each of its kind and in its range, or one sentence that names it and says what is wanted."""

from collections.abc import Collection
from typing import Any

from ltcbench import values
from ltcbench.errors import UserError, unknown
from ltcbench.values import Range

SIZE = Range(1, 10**6)  # of a layer
STEPS = Range(1, 1000)  # of a solver
DEPTH = Range(1, 100)  # in layers
POSITIVE = Range(0, 10**6, without="least")
NOT_NEGATIVE = Range(0, 10**6)
BIAS = Range(-(10**6), 10**6)
SHARE = Range(0, 1)
DROPPED = Range(0, 1, without="most")  # a share that is dropped or missing
TOLERANCE = Range(0, 1, without="least most")
SEED = Range(0, 2**64, without="most")


def whole(name: str, value: Any, allowed: Range) -> None:
    """See that the option ``name`` is a whole number in a range.

    Raises:
        UserError: it is not.
    """
    values.checked(f"model.{name}", value, int, allowed)


def real(name: str, value: Any, allowed: Range) -> None:
    """See that the option ``name`` is a number in a range.

    Raises:
        UserError: it is not.
    """
    values.checked(f"model.{name}", value, float, allowed)


def of_flavour(name: str, on: bool, flavour: str, wanted: str) -> None:
    """See that the switch ``name`` is on only in the flavour that has it.

    Raises:
        UserError: it is on in another.
    """
    if on and flavour != wanted:
        raise UserError(f"model.{name}=true is of model.flavour={wanted}, got flavour={flavour}: choose one of both.")


def choice(name: str, value: Any, choices: Collection[str]) -> None:
    """See that the option ``name`` is one of ``choices``.

    Raises:
        UserError: it is not.
    """
    if values.checked(f"model.{name}", value, str) not in choices:
        raise unknown(f"model.{name}", str(value), choices)
