"""ltcbench: the benchmarks of the LTC and CfC papers, reproduced in PyTorch.

Importing the package is cheap; ``from ltcbench import models, tasks`` brings torch and numpy, and so do
``load`` and ``results``.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("ltcbench")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"


_LAZY = {"load": "ltcbench.running.trained", "results": "ltcbench.reporting.frame"}


def __getattr__(name: str) -> Any:
    """``ltcbench.load`` and ``ltcbench.results``, whose modules are imported when they are first asked for."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'ltcbench' has no attribute '{name}'")
