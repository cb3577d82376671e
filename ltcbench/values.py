"""Values that a user gave: of the kind and in the range that are wanted, or one sentence that says what is wrong."""

import inspect
import math
import os
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ltcbench.errors import UserError

_WORDS: dict[Any, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_EXAMPLES: dict[Any, str] = {bool: "true", int: "10", float: "0.001", str: "name"}


@dataclass(frozen=True)
class Range:
    """The numbers from ``least`` to ``most``; of the ends themselves those that are named in ``without`` do not count.

    Attributes:
        least, most: the ends.
        without: ``least``, ``most``, both in one text, or neither.
    """

    least: float = -math.inf
    most: float = math.inf
    without: str = ""

    def __contains__(self, number: float) -> bool:
        above = number > self.least if "least" in self.without else number >= self.least
        below = number < self.most if "most" in self.without else number <= self.most
        return above and below and math.isfinite(number)

    def __str__(self) -> str:
        low = f"above {self.least:g}" if "least" in self.without else f"from {self.least:g}"
        if self.most == math.inf:
            return low if "least" in self.without else f"of at least {self.least:g}"
        return f"{low} {'to below' if 'most' in self.without else 'to'} {_whole(self.most)}"


def _whole(number: float) -> str:
    """2^64 is easier to read than its digits."""
    exponent = math.log2(number) if number > 2**20 else 0.5
    return f"2^{exponent:g}" if exponent == int(exponent) else f"{number:.10g}"


def checked(key: str, value: Any, kind: Any, allowed: Range | None = None) -> Any:
    """``value`` as ``kind``.

    A whole number serves as a number, and as a text (a column named 0), one value as a list of one; nothing else is
    converted.

    Args:
        key: as the user writes it, e.g. ``trainer.epochs``.
        value: what the user gave.
        kind: ``bool``, ``int``, ``float``, ``str``, a ``Sequence`` of one of them, or a union of such kinds, of words
            that are meant as they stand (``Literal``) and None, a number first.
        allowed: the range of a number, or of each in a list.

    Raises:
        UserError: it is of another kind or out of range.
    """
    for one in _alternatives(kind):
        found = _as(value, one)
        if found is not _NO:
            numbers = found if isinstance(found, list) else [] if found is None else [found]
            if allowed is not None and not all(number in allowed for number in numbers):
                raise UserError(f"{key}={_told(value)} is out of range: expected a number {allowed}.")
            return found
    raise UserError(f"{key}={_told(value)} is not {_wanted(kind)}: expected e.g. {_example(key, value, kind)}.")


def seconds(key: str, text: str) -> float:
    """The seconds of a duration such as ``2h30m``, ``90s`` or ``1h``.

    Raises:
        UserError: it is none, or nothing at all.
    """
    found = re.fullmatch(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", text, flags=re.ASCII)
    hours, minutes, rest = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + rest
    if not total:
        raise UserError(f"{key} {text} is no duration: expected hours, minutes and seconds, e.g. 2h30m or 90s.")
    return float(total)


def options(prefix: str, given: Mapping[str, Any], function: Callable[..., Any]) -> dict[str, Any]:
    """``given`` with every option checked against the annotation of the parameter of ``function`` with its name.

    Args:
        prefix: of the keys as the user writes them, e.g. ``task``.
        given: options by name.
        function: a function or class; options that it does not have are left as they are.

    Raises:
        UserError: an option is of another kind.
    """
    kinds = _kinds(function)
    return {
        name: checked(f"{prefix}.{name}", value, kinds[name]) if name in kinds else value
        for name, value in given.items()
    }


@cache
def _kinds(function: Callable[..., Any]) -> dict[str, Any]:
    hints = get_type_hints(function.__init__ if inspect.isclass(function) else function)
    return {name: hints[name] for name in inspect.signature(function).parameters if name in hints}


_NO = object()


def _as(value: Any, kind: Any) -> Any:
    """``value`` as a kind that is no union, ``_NO`` where it is not of this kind."""
    if _listed(kind):
        (inner,) = get_args(kind)
        items = [_as(item, inner) for item in (value if isinstance(value, (list, tuple)) else [value])]
        return _NO if any(item is _NO for item in items) else items
    if kind is type(None):
        return None if value is None else _NO
    if get_origin(kind) is Literal:
        return value if isinstance(value, str) and value in get_args(kind) else _NO
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind in (float, str) and whole:
        return kind(value) if kind is str or abs(value) < 1e300 else _NO
    if kind is str and isinstance(value, os.PathLike):
        return os.fspath(value)
    return value if isinstance(value, kind) and (kind is not int or whole) else _NO


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """The kinds of a union, plainer ones first: a number is a number before it is a text, a text that before a list."""
    if get_origin(kind) not in (Union, types.UnionType):
        return (kind,)
    return tuple(sorted(get_args(kind), key=lambda one: (_listed(one), one is str)))


def _listed(kind: Any) -> bool:
    return bool(get_origin(kind) == Sequence)


def _wanted(kind: Any) -> str:
    words = [_word(one) for one in _named(kind)]
    return " or ".join([*words, *(["null"] if type(None) in _alternatives(kind) else [])])


def _word(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    return _WORDS.get(kind) or f"a list of {_PLURALS[get_args(kind)[0]]}"


_PLURALS: dict[Any, str] = {int: "whole numbers", float: "numbers", str: "texts"}


def _named(kind: Any) -> list[Any]:
    return [one for one in _alternatives(kind) if one is not type(None)]


def _example(key: str, value: Any, kind: Any) -> str:
    """How to write it; what YAML reads as something else than text needs quotes."""
    kinds = _named(kind)
    texts = [one for one in kinds if one is str or (_listed(one) and get_args(one) == (str,))]
    if isinstance(value, (list, tuple)) and any(map(_listed, texts)):
        return f"'{key}=[{','.join(_quoted(item) for item in value)}]'"
    if texts and not isinstance(value, (list, tuple, Mapping)):
        return f"'{key}={_quoted(value)}'"
    example = _EXAMPLES[get_args(kinds[0])[0] if _listed(kinds[0]) else kinds[0]]
    return f"{key}=[{example}]" if _listed(kinds[0]) else f"{key}={example}"


def _quoted(value: Any) -> str:
    return f'"{_told(value)}"'


def _told(value: Any) -> str:
    """``value`` as the user writes it."""
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
