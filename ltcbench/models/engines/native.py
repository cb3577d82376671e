"""C functions, compiled for this processor at first use and kept in the user's cache folder."""

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch
from torch import Tensor

log = logging.getLogger("ltcbench")

FLAGS = ["-O3", "-march=native", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC"]


@functools.cache
def library(source: Path) -> ctypes.CDLL | None:
    """The functions of a C file; None, and one line in the log, where it cannot be compiled."""
    compiler = shlex.split(os.environ.get("CC", "")) or [next(filter(shutil.which, ("cc", "gcc", "clang")), "cc")]
    built = _cache() / f"{source.stem}-{_key(source, compiler)}.so"
    try:
        if not built.exists():
            built.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=built.parent) as folder:
                fresh = Path(folder) / built.name
                command = [*compiler, *FLAGS, "-o", str(fresh), str(source), "-lm"]
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
                fresh.replace(built)
        return ctypes.CDLL(str(built))
    except (OSError, subprocess.SubprocessError) as error:
        log.info("no C compiler that works here (%s): the slower eager engine runs.", type(error).__name__)
        return None


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "ltcbench"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # no home that can be written
        return Path(tempfile.gettempdir()) / f"ltcbench-{os.getuid()}"
    return folder


def _key(source: Path, compiler: list[str]) -> str:
    """A hash over what decides the machine code: the source, how it is compiled, and the processor."""
    cpu = Path("/proc/cpuinfo")
    flags = (
        [line for line in cpu.read_text().splitlines() if line.startswith(("model name", "flags"))][:2]
        if cpu.exists()
        else []
    )
    decides = [source.read_text(), *compiler, *FLAGS, platform.machine(), platform.processor(), *flags]
    return hashlib.sha256("\n".join(decides).encode()).hexdigest()[:16]


def address(tensor: Tensor | None) -> ctypes.c_void_p:
    """Where a tensor's values lie; the caller keeps the tensor alive during the call.

    Only contiguous tensors on the CPU can be handed over: what is not is a mistake of ours.
    """
    if tensor is None:
        return ctypes.c_void_p(None)
    assert tensor.is_contiguous() and tensor.device.type == "cpu" and tensor.dtype in (torch.float32, torch.bool)
    return ctypes.c_void_p(tensor.data_ptr())
