"""``ltcbench evaluate RUN``: test the network of a run again, with the weights of the epoch that counts."""

import glob
import os
from pathlib import Path

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.running.folder import RunFolder
from ltcbench.terminal import Parser, table


def run(arguments: list[str]) -> int:
    """Print the metrics on every part of the data, and what the run said of the test part."""
    parser = Parser("ltcbench evaluate", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="a run folder, or its fingerprint or the beginning of it")
    folder = found(parser.parse_args(arguments).run)

    from ltcbench.running.evaluation import evaluated

    scores, said = evaluated(folder), (folder.result() or {}).get("test_metric")
    names = list(dict.fromkeys(name for numbers in scores.values() for name in numbers))
    rows = [[part, *(f"{numbers[name]:.6g}" for name in names)] for part, numbers in scores.items()]
    print(table(["part", *names], rows, right=range(1, len(names) + 1)))
    print(f"{folder.path}: the run itself said {'nothing of the test part' if said is None else f'{said:.6g}'}.")
    return 0


def found(name: str) -> RunFolder:
    """The run folder of this path or fingerprint.

    Raises:
        UserError: there is none, or more than one, or it has no checkpoint.
    """
    beginning = f"*/*/{glob.escape(name)}*"
    paths = [Path(name)] if os.path.isdir(name) else sorted(places.runs().glob(beginning))  # noqa: PTH112, long names
    if len(paths) != 1:
        many = f"{len(paths)} runs in {places.runs()} begin with {name}" if paths else f"there is no run {name}"
        raise UserError(f"{many}: expected a run folder or a fingerprint, as ltcbench train prints it.")
    folder = RunFolder(paths[0])
    if not (folder.checkpoint.is_file() and (folder.path / "config.yaml").is_file()):
        raise UserError(f"{folder.path} has no network: expected a folder with config.yaml and checkpoint.pt.")
    return folder
