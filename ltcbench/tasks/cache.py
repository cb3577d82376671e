"""Prepared arrays on disk, so that the second run of a task starts at once.

An entry is a folder of ``.npy`` files and a ``meta.json`` with the task's facts and a checksum of everything. Its name
is a hash over all that decides the arrays: raw checksums, quirks, options and the code of the tasks. It is written
beside and renamed, so a reader sees a whole entry or none; an entry that does not match its checksums is built again.
Whenever an entry is written, those of the task that nobody loaded for a month go: of older code, or of other settings.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ltcbench import places
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split

_PARTS = ("train", "valid", "test")
_FIELDS = ("x", "y", "elapsed", "mask")
_KEPT = 30 * 24 * 3600  # seconds after the last load: longer than a training, which reads its arrays from the entry
_SETTINGS = ("selection", "final_epoch_counts", "class_weights", "weights_normalised")


def cached(task: str, decided_by: Mapping[str, Any], build: Callable[[], SequenceData]) -> SequenceData:
    """The data of ``task`` from the cache, or from ``build()`` and then cached.

    Args:
        task: name of the task.
        decided_by: everything besides the code that decides the arrays, as plain values.
        build: prepares the data from raw files.
    """
    digest = hashlib.sha256(json.dumps(decided_by, sort_keys=True).encode() + _code())
    entry = places.datasets() / "cache" / task / digest.hexdigest()[:16]

    with suppress(Exception):  # not there, or damaged in whatever way: never trusted
        return _read(entry)
    data = build()
    with suppress(OSError):  # no room, no right, or another process was faster: costs time, nothing else
        _write(entry, data)
        return _read(entry)  # from the disk: its pages can be dropped when memory is short
    return data


def _code() -> bytes:
    """All that the tasks' modules say."""
    return b"".join(module.read_bytes() for module in sorted(Path(__file__).parent.glob("*.py")))


def _write(entry: Path, data: SequenceData) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{entry.name}.", dir=entry.parent) as beside:
        folder = Path(beside) / entry.name
        folder.mkdir()
        arrays = {f"{part}_{name}": getattr(getattr(data, part), name, None) for part in _PARTS for name in _FIELDS}
        arrays["last_known"] = data.last_known
        crc = {}
        for name, array in arrays.items():
            if array is not None:
                np.save(folder / f"{name}.npy", array)
                crc[name] = _crc(array)
        settings = {name: getattr(data, name) for name in _SETTINGS}
        meta = {"crc": crc, "settings": settings, "spec": asdict(data.spec)}
        (folder / "meta.json").write_text(json.dumps({"meta": meta, "crc": _crc_of_text(meta)}), encoding="utf-8")
        shutil.rmtree(entry, ignore_errors=True)  # a damaged one
        with suppress(OSError):
            entry.unlink()  # or what is no folder
        folder.replace(entry)
    _clear(entry.parent)


def _clear(folder: Path) -> None:
    """Remove what was not loaded for long, also what a process that was killed left half written."""
    for entry in folder.iterdir():
        with suppress(OSError):  # another process does the same
            if time.time() - entry.stat().st_mtime > _KEPT:
                shutil.rmtree(entry, ignore_errors=True)


def _read(entry: Path) -> SequenceData:
    told = json.loads((entry / "meta.json").read_text(encoding="utf-8"))
    meta = told["meta"]
    if _crc_of_text(meta) != told["crc"]:
        raise ValueError(f"{entry}/meta.json is damaged")
    arrays: dict[str, Any] = {}
    for name, crc in meta["crc"].items():
        arrays[name] = np.load(entry / f"{name}.npy", mmap_mode="c", allow_pickle=False)
        if _crc(arrays[name]) != crc:
            raise ValueError(f"{entry}/{name}.npy is damaged")
    with suppress(OSError):  # a folder that may only be read
        os.utime(entry)  # it was loaded now
    splits: dict[str, Any] = {part: _split(arrays, part) for part in _PARTS}
    return SequenceData(
        Spec.from_plain(meta["spec"]), **splits, **_tuples(meta["settings"]), last_known=arrays.get("last_known")
    )


def _split(arrays: dict[str, Any], part: str) -> Split | None:
    fields: dict[str, Any] = {name: arrays.get(f"{part}_{name}") for name in _FIELDS}
    return Split(**fields) if f"{part}_x" in arrays else None


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with tuples where JSON made lists of them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def _crc(array: Array) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _crc_of_text(meta: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(meta).encode())
