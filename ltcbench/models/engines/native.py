"""C functions, compiled for this processor at first use and kept in the user's cache folder."""

import atexit
import contextlib
import ctypes
import functools
import hashlib
import logging
import os
import platform
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

log = logging.getLogger("ltcbench")

FLAGS = ["-O3", "-march=native", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC"]


@functools.cache
def library(source: Path, functions: tuple[str, ...]) -> ctypes.CDLL | None:
    """A C file's functions of these names; None, and one line in the log, where they cannot be had."""
    try:
        compiler = shlex.split(os.environ.get("CC", "")) or [next(filter(shutil.which, ("cc", "gcc", "clang")), "cc")]
        kept, name = cache(), f"{source.stem}-{_key(source, compiler)}"
        for built in sorted(kept.glob(f"{name}-*.so")):
            with contextlib.suppress(OSError, AttributeError):
                return _loaded(built, functions)
        return _loaded(_compiled(source, compiler, kept, name), functions)
    except (OSError, ValueError, AttributeError, subprocess.SubprocessError) as error:
        log.warning(
            "no C compiler that works here (%s): a slower engine runs, ltcbench doctor says by how much.",
            type(error).__name__,
        )
        return None


def cache() -> Path:
    """The folder for machine code, which nobody else may write: whoever can has it run with the user's rights.

    It is in the user's cache folder, else among the temporary files, else a fresh one for this process alone.
    """
    places = [Path(tempfile.gettempdir()) / f"ltcbench-{_user()}"]
    with contextlib.suppress(RuntimeError):  # no home at all
        home = Path(os.environ.get("XDG_CACHE_HOME", ""))
        places.insert(0, (home if home.is_absolute() else Path.home() / ".cache") / "ltcbench")
    return next(filter(_can_be_ours, places), None) or _fresh()


def _can_be_ours(folder: Path) -> bool:
    """Whether a folder is there, or can be made, that the user can write and nobody else can, nor put in its place."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state, around = folder.lstat(), [parent.stat().st_mode for parent in folder.parents]
    except OSError:
        return False
    replaceable = any(mode & stat.S_IWOTH and not mode & stat.S_ISVTX for mode in around)
    return stat.S_ISDIR(state.st_mode) and _ours(state) and not replaceable and os.access(folder, os.W_OK)


def _ours(state: os.stat_result) -> bool:
    """Whether a file is the user's, and nobody else may write it."""
    return state.st_uid == _user() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0  # as files belong to where there are no such numbers


@functools.cache
def _fresh() -> Path:
    folder = tempfile.mkdtemp(prefix="ltcbench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _compiled(source: Path, compiler: list[str], folder: Path, name: str) -> Path:
    """The library of a C file, with a checksum in its name; it is there whole or not at all."""
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        fresh = Path(draft) / f"{name}.so"
        command = [*compiler, *FLAGS, "-o", str(fresh), str(source), "-lm"]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        fresh.chmod(0o700)
        return fresh.replace(folder / f"{name}-{_checksum(fresh)}.so")


def _loaded(built: Path, functions: tuple[str, ...]) -> ctypes.CDLL:
    """A library with these functions.

    Raises:
        OSError: it is not the user's alone, not whole, or cannot be loaded.
        AttributeError: it lacks a function.
    """
    state = built.lstat()
    if not (stat.S_ISREG(state.st_mode) and _ours(state) and built.stem.endswith(f"-{_checksum(built)}")):
        raise OSError(f"{built} is not what was compiled")  # to load half of it could end the process
    found = ctypes.CDLL(str(built))
    for function in functions:
        getattr(found, function)
    return found


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _key(source: Path, compiler: list[str]) -> str:
    """A hash over what decides the machine code: the source, headers beside it, how it is compiled, the processor."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8", errors="replace").splitlines() if cpu.exists() else []
    flags = [line for line in lines if line.startswith(("model name", "flags"))][:2]
    code = [path.read_text(encoding="utf-8") for path in (source, *sorted(source.parent.glob("*.h")))]
    decides = [*code, *compiler, *FLAGS, platform.machine(), platform.processor(), *flags]
    return hashlib.sha256("\n".join(decides).encode()).hexdigest()[:16]


Argument = int | float | Tensor | tuple[int, ...] | tuple[Tensor | None, ...] | None


class Source(NamedTuple):
    """A C file and the functions in it that are called."""

    path: Path
    functions: tuple[str, ...]

    def serves(self, x: Tensor) -> bool:
        """Whether the functions can be had, for a tensor like ``x``."""
        return x.dtype == torch.float32 and x.is_cpu and library(*self) is not None

    def call(self, function: str, *arguments: Argument) -> None:
        """Call one of them, see ``call``."""
        functions = library(*self)
        assert functions is not None
        call(functions, function, *arguments)

    def bound(self, function: str, *arguments: Argument) -> Callable[[], None]:
        """One of them with these arguments, converted once: for calls on the same tensors again and again."""
        functions = library(*self)
        assert functions is not None
        found, converted = getattr(functions, function), [*map(_argument, arguments)]

        def again(kept: Sequence[Argument] = arguments) -> None:  # the tensors live as long as this does
            found(*converted)

        return again


def call(functions: ctypes.CDLL, name: str, *arguments: Argument) -> None:
    """Call a C function; whole numbers pass as int64_t, others as float, tensors and tuples as arrays."""
    getattr(functions, name)(*map(_argument, arguments))


def fresh(tensor: Tensor) -> Tensor:
    """A contiguous copy, which a function may write into."""
    return tensor.clone(memory_format=torch.contiguous_format)


def _argument(given: Argument) -> object:
    if given is None or isinstance(given, Tensor):
        return address(given)
    if isinstance(given, tuple):
        if isinstance(given[0], int):
            return (ctypes.c_int64 * len(given))(*given)
        return (ctypes.c_void_p * len(given))(*map(address, given))
    return ctypes.c_int64(given) if isinstance(given, int) else ctypes.c_float(given)


def address(tensor: Tensor | None) -> ctypes.c_void_p:
    """Where a tensor's values lie; the caller keeps the tensor alive during the call.

    Only contiguous tensors on the CPU can be handed over: what is not is a mistake of ours.
    """
    if tensor is None:
        return ctypes.c_void_p(None)
    assert tensor.is_contiguous() and tensor.is_cpu
    assert tensor.dtype in (torch.float32, torch.bool, torch.int32)
    return ctypes.c_void_p(tensor.data_ptr())
