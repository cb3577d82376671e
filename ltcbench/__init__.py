"""ltcbench: the benchmarks of the LTC and CfC papers, reproduced in PyTorch.

Importing the package is cheap; ``from ltcbench import models, tasks`` brings torch and numpy.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("ltcbench")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
