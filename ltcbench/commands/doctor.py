"""``ltcbench doctor``: check the installation and the folders."""

import argparse
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from ltcbench import __version__, places

NEEDED = ("torch", "numpy", "hydra-core", "omegaconf", "pandas", "tqdm", "requests", "mlflow", "filelock")
# How much longer a training step takes without machine code of our own: measured in one process, at the tables' sizes.
WITHOUT_C = (
    "ltc about 8 times, ctgru 6 to 9, ctrnn and node 2 to 6, ode_lstm, bi_rnn and gru_ode 2 to 16, other gated cells "
    "1.1 to 8, the cfc family 1.2 to 1.7."
)
EXTRAS = {"hydra-joblib-launcher": "parallel", "hydra-submitit-launcher": "slurm"}


def main(arguments: list[str]) -> int:
    """Print what is there; exit status 1 if something that is needed is not."""
    argparse.ArgumentParser("ltcbench doctor", description=__doc__).parse_args(arguments)
    problems = []
    print(f"ltcbench {__version__}, Python {platform.python_version()}, {platform.platform()}")
    if not (3, 10) <= sys.version_info[:2] < (3, 14):
        problems.append(f"Python {platform.python_version()} is not supported: use 3.10 to 3.13.")
    for name in NEEDED:
        version = _version(name)
        print(f"  {name:<26} {version or 'missing'}")
        if version is None:
            problems.append(f"{name} is missing: pip install ltcbench.")
    for name, extra in EXTRAS.items():
        print(f"  {name:<26} {_version(name) or f'not installed (optional: pip install ltcbench[{extra}])'}")
    if _version("torch"):
        import torch

        gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        from ltcbench.models.engines import gru

        works = gru.SOURCE.serves(torch.zeros(1))
        print(f"C compiler: {'works' if works else f'none that works here; slower on the CPU: {WITHOUT_C}'}")
        print(f"devices: cpu ({os.cpu_count()} cores){''.join(f', cuda:{i} {gpu}' for i, gpu in enumerate(gpus))}")

    for what, path in (("data", places.datasets()), ("runs", places.runs())):
        error = _unwritable(path)
        free = f"{shutil.disk_usage(_existing(path)).free / 1e9:.1f} GB free"
        print(f"{what}: {path} ({error or free})")
        if error:
            problems.append(f"the folder of {what} {path} cannot be written ({error}): set LTCBENCH_{_VARIABLE[what]}.")
    if all(map(_version, NEEDED)):
        from ltcbench.running import tracking

        print(f"MLflow store: {tracking.default_uri()}")
    print(f"mirror: {places.mirror() or 'none (set LTCBENCH_MIRROR for one)'}")
    for what, path in (("configuration", places.conf() / "train.yaml"), ("dataset cards", places.cards() / "har.yaml")):
        print(f"{what}: {path.parent}")
        if not path.is_file():
            problems.append(f"{path} is missing: install ltcbench again.")

    for problem in problems:
        print(f"problem: {problem}")
    print("all well." if not problems else f"{len(problems)} problems.")
    return 1 if problems else 0


_VARIABLE = {"data": "DATASETS", "runs": "RUNS"}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _existing(path: Path) -> Path:
    """``path`` or its nearest parent that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _unwritable(path: Path) -> str | None:
    try:
        with tempfile.TemporaryFile(dir=_existing(path)):
            return None
    except OSError as error:
        return error.strerror or str(error)
