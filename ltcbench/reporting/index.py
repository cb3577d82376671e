"""What every run came to, read from run folders through a cache, or from a published file.

Of a run only what the tables need is kept. ``settings`` stands for everything that decides its numbers, but for the
seed, the number of epochs and where the data came from; runs belong to a cell of a table if it is the cell's own.

There may be ten thousand runs, so their files are opened by name: through ``Path`` it takes twice as long.
"""

# ruff: noqa: PTH116, PTH123

import hashlib
import json
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from ltcbench.errors import Failure
from ltcbench.files import from_json, from_yaml, write
from ltcbench.running import folder as run_folder
from ltcbench.settings.job import WHERE, sources

INDEX = ".index.json"
TIME = "%Y-%m-%dT%H:%M:%SZ"
BASELINES = "baselines"  # runs/<task>/baselines/<data>-<source>.json


@dataclass(frozen=True)
class Run:
    """A run, or a baseline that needs no network (``status`` ``baseline``).

    Attributes:
        task, model, protocol, recipe, seed: as asked; of a baseline, ``model`` is its name.
        epochs: as asked.
        status: ``finished``, ``diverged``, ``interrupted``, ``failed`` or ``baseline``.
        source: of the data.
        metric: name of the task's metric.
        value: the metric on the test part at the epoch that counts, None if there is none.
        best_epoch: that epoch.
        seconds: of an epoch of training, median.
        parameters: size of the network.
        ended: when, UTC.
        device, machine, python, torch, ltcbench, git: what it was made with.
        fingerprint: name of the run folder.
        settings: digest of all settings but seed, epochs and source; of a baseline, of the task's alone.
    """

    task: str
    model: str
    protocol: str
    recipe: str
    seed: int
    epochs: int
    status: str
    source: str
    metric: str
    value: float | None
    best_epoch: int | None
    seconds: float | None
    parameters: int | None
    ended: str
    device: str
    machine: str
    python: str
    torch: str
    ltcbench: str
    git: str
    fingerprint: str
    settings: str


FIELDS = [field.name for field in fields(Run)]
LARGEST = 1e70  # of a number, and one by this the smallest; far beyond float32, and the fourth power is still a number


def fault(run: Run) -> str:
    """The first field that no run can have like this, empty if there is none.

    Runs come from files that may be damaged or other people's, and go from here into tables, pages and paths.
    """
    values = vars(run)
    for name, fits in _FITS.items():
        if not fits(values[name]):
            return name
    return ""


def _text(value: Any) -> bool:
    return isinstance(value, str) and _printable(value)


@cache  # most texts are the same in all runs
def _printable(text: str) -> bool:
    return len(text) <= 200 and text.isprintable()


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**64


def is_number(value: Any) -> bool:
    """Whether ``value`` can stand in a table or a picture: not NaN, not beyond what can be computed with."""
    return type(value) in (int, float) and (value == 0 or 1 / LARGEST < abs(value) < LARGEST)


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _like(pattern: str) -> Callable[[Any], bool]:
    matches = re.compile(pattern, flags=re.ASCII).fullmatch
    return lambda value: isinstance(value, str) and matches(value) is not None


_FITS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(FIELDS, _text),
    **dict.fromkeys(("task", "model"), _like(r"\w[\w -]{0,99}")),
    **dict.fromkeys(("seed", "epochs"), _count),
    **dict.fromkeys(("best_epoch", "parameters"), _or_none(_count)),
    "status": lambda value: value in (*run_folder.STATUSES, "baseline"),
    "value": _or_none(is_number),
    "seconds": _or_none(lambda value: is_number(value) and value >= 0),
    "ended": _like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "fingerprint": _like(r"[^./\\\x00-\x1f\x7f-\x9f][^/\\\x00-\x1f\x7f-\x9f]{0,199}|"),
    "settings": _like("[0-9a-f]{16}"),
}


def digest(tree: Mapping[str, Any]) -> str:
    """The digest ``settings`` of a job, given as ``config.tree`` or ``config.yaml`` has it."""
    trainer = {key: value for key, value in tree["trainer"].items() if key != "epochs"}
    unusual = [tree[key] for key in ("precision", "numerics") if key in tree]
    unusual += [own] if (own := sources(tree)) else []
    return _hash([tree["model"], _data(tree), tree["protocol"], trainer, *unusual])


def data_digest(tree: Mapping[str, Any]) -> str:
    """The digest of what decides a job's data."""
    own = sources(tree).get("task")
    return _hash([_data(tree), own] if own else _data(tree))


def _data(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree["task"].items() if key not in ("source", *WHERE)}


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def load(folder: Path) -> list[Run]:
    """Every run in a folder of run folders that has a result, and every baseline.

    The cache ``.index.json`` is brought up to date; where it cannot be written, reading takes longer.
    """
    known = _known(folder)
    found = {key: known[key] if key in known else _read(Path(path)) for key, path in _results(folder)}
    if found != known:
        runs = json.dumps({key: run and list(vars(run).values()) for key, run in found.items()})
        with suppress(Failure):
            write(folder / INDEX, f'{{"state": "{_state(runs)}", "runs": {runs}}}'.encode(), lasting=False)
    return [*filter(None, found.values()), *_baselines(folder)]


def _known(folder: Path) -> dict[str, Run | None]:
    try:
        text = (folder / INDEX).read_text(encoding="utf-8")
        saved = from_json(text)
        if saved["state"] != _state(text.partition('"runs": ')[2][:-1]):
            return {}
        return {key: values and Run(*values) for key, values in saved["runs"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _state(runs: str) -> str:
    """A digest of the cached runs, and of the code that made them out of their files."""
    code = [Path(module).read_text(encoding="utf-8") for module in (__file__, run_folder.__file__)]
    return _hash([*code, WHERE, zlib.crc32(runs.encode())])


def _results(folder: Path) -> Iterator[tuple[str, str]]:
    """A key that changes with the file, and the run folder, of every result."""
    for task in _folders(folder):
        for model in _folders(task):
            for run in _folders(model):
                with suppress(OSError):
                    yield f"{run}@{os.stat(f'{run}/result.json').st_mtime_ns}", run


def _folders(folder: str | Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if entry.name[0] != "." and _is_folder(entry))
    except OSError:
        return []


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, say
        return False


def _read(path: Path) -> Run | None:
    """A run, None where its files are not those of one."""
    try:
        with open(f"{path}/result.json", encoding="utf-8") as file:
            result = run_folder.result_of(file.read())
            ended = time.gmtime(os.fstat(file.fileno()).st_mtime)
        if result is None:
            return None
        with open(f"{path}/config.yaml", encoding="utf-8") as file:
            config = file.read()
        tree, settings = _parsed(_SEED.sub("", config))
        made = result.get("versions") or {}
        run = Run(
            task=tree["task"]["name"],
            model=tree["model"]["name"],
            protocol=tree["protocol"],
            recipe=tree["recipe"],
            seed=int(_SEED.findall(config)[0]),
            epochs=tree["trainer"]["epochs"],
            status=result["status"],
            source=result["source"],
            metric=result.get("metric", ""),
            value=result.get("test_metric"),
            best_epoch=result.get("best_epoch"),
            seconds=result.get("seconds_per_epoch"),
            parameters=result.get("parameters"),
            ended=time.strftime(TIME, ended),
            device=result["device"],
            **{key: made.get(key) or "" for key in ("machine", "python", "torch", "ltcbench", "git")},
            fingerprint=path.name,
            settings=settings,
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return None if fault(run) else run


_SEED = re.compile(r"^seed: (\d+)\n", flags=re.MULTILINE)


@cache
def _parsed(text: str) -> tuple[dict[str, Any], str]:
    """A configuration and its digest; runs that differ in the seed alone share it, and reading YAML is slow."""
    tree = from_yaml(text)
    return tree, digest(tree)


def _baselines(folder: Path) -> Iterator[Run]:
    for path in sorted(folder.glob(f"*/{BASELINES}/*.json")):
        yield from baselines_in(path)


def baselines_in(path: Path) -> list[Run]:
    """The baselines of a file of ours; none where there is no such file, or a damaged one."""
    try:
        runs = [Run(**run) for run in from_json(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
    return [run for run in runs if run.status == "baseline" and not fault(run)]
