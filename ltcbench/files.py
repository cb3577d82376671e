"""Files that are whole or not there, and texts that may be damaged or other people's."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from ltcbench.errors import Failure

DEEPEST = 20  # lists and mappings in each other that are read in YAML; ours have 3
LONGEST = 1 << 18  # characters of YAML that are read; ours have some hundred


def write(path: Path, content: bytes, lasting: bool = True) -> None:
    """Put ``content`` at ``path``, whole or not at all.

    Args:
        path: the file.
        content: all of it.
        lasting: wait until it is on the disk, so that it is whole also after the power failed; costs 0.3 ms where the
            disk has nothing else to do and 4 to 8 ms where it has (ext4, SSD). That the name is on the disk too is not
            waited for: until then the file before stands there, whole as well.

    Raises:
        Failure: the disk is full or cannot be written; what stood at ``path`` before still does.
    """
    temporary = path.parent / f".{path.name}.{os.getpid()}"
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            if lasting:
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            with suppress(OSError):  # it was not made, or cannot be removed either: the first error is the one to tell
                temporary.unlink()
            raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system says against writing at ``path`` becomes a Failure of one sentence."""
    try:
        yield
    except OSError as error:
        blocks = [str(part) for part in path.parents if os.path.lexists(part) and not os.path.isdir(part)]  # noqa: PTH112
        where = f": {blocks[0]} is no folder" if blocks else ""
        raise Failure(
            f"cannot write {path} ({error.strerror or error}{where}): what was there before is whole; "
            "make room, clear the way or change LTCBENCH_RUNS, then run the same command again and it goes on."
        ) from None


def from_json(text: str) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is not JSON, holds a number that is none, or goes too deep.
    """
    try:
        return _JSON.decode(text)
    except RecursionError:
        raise ValueError("too deep") from None


def _no_number(token: str) -> Any:
    raise ValueError(f"{token} is not a number")


_JSON = json.JSONDecoder(parse_constant=_no_number)
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def from_yaml(text: str) -> Any:
    """What a YAML text says, of the plain kind that we write.

    Raises:
        ValueError: it is not YAML, or is large, deep, or has anchors, aliases or tags.
    """
    if len(text) > LONGEST:
        raise ValueError(f"more than {LONGEST} characters")
    depth = 0
    try:
        for event in yaml.parse(text, _YAML):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
                raise ValueError("an anchor, alias or tag in it")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise ValueError(f"more than {DEEPEST} lists and mappings in each other")
        return yaml.load(text, _YAML)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError("not YAML" + (f" from line {mark.line + 1}" if mark else "")) from None
