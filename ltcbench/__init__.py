"""ltcbench: the benchmarks of the LTC and CfC papers, reproduced in PyTorch.

Importing the package is cheap; ``from ltcbench import models, tasks`` brings torch and numpy, and so does ``load``.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("ltcbench")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    """``ltcbench.load``, which is ``ltcbench.running.trained.load``, when it is first asked for."""
    if name == "load":
        return import_module("ltcbench.running.trained").load
    raise AttributeError(f"module 'ltcbench' has no attribute '{name}'")
