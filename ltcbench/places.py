"""Where things are: configuration, dataset cards, raw data, runs.

``conf/`` and ``datasets/*.yaml`` lie inside the package in a wheel and beside it in a checkout. Raw data and runs
lie in the current checkout, or in the user's current folder for an installed package, unless the environment
variables ``LTCBENCH_DATASETS`` and ``LTCBENCH_RUNS`` say otherwise.
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def _home() -> Path:
    """The checkout if there is one, else the folder the user stands in."""
    return PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else Path.cwd()


def conf() -> Path:
    """The folder of the Hydra configuration groups."""
    return _shipped("conf")


def cards() -> Path:
    """The folder of the dataset cards."""
    return _shipped("datasets")


def datasets() -> Path:
    """The folder that holds downloaded data: ``raw/<dataset>/`` and ``cache/``."""
    return Path(os.environ.get("LTCBENCH_DATASETS") or _home() / "datasets").absolute()


def runs() -> Path:
    """The folder that holds run folders and the MLflow database."""
    return Path(os.environ.get("LTCBENCH_RUNS") or _home() / "runs").absolute()


def cache() -> Path:
    """The folder of what a user's programs may forget at any time."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111, pathlib's wants a home
    return Path(home).absolute() / "ltcbench"


def published() -> Path:
    """The folder of published results that a checkout brings with it."""
    return PACKAGE.parent / "runs" / "published"


def mirror() -> str | None:
    """The default data mirror, a folder or URL laid out ``<mirror>/<dataset>/<file>``, or None."""
    return os.environ.get("LTCBENCH_MIRROR") or None
