"""``ltcbench export RUN``: the network of a run as a file for other programs.

A sequence takes x (batch, time, features) and elapsed (batch, time), a step the state before it, x (batch, features)
and elapsed (batch,), and gives the state back; where inputs may be missing a last argument says which were observed.
Inputs are scaled as in training; the file says how, with the names of the classes and the whole configuration.
"""

from pathlib import Path

from ltcbench.terminal import Parser


def main(arguments: list[str]) -> int:
    """Write the file, which is read again and compared first."""
    parser = Parser("ltcbench export", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="a run folder, or its fingerprint or the beginning of it")
    parser.add_argument("--to", choices=["torch", "onnx", "safetensors"], default="torch", help="default: torch")
    parser.add_argument(
        "--form", choices=["sequence", "step"], default="sequence", help="whole sequences, or one step for a device"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="default: MODEL-TASK and the usual ending, here")
    given = parser.parse_args(arguments)

    from ltcbench.running.exports import FORMATS, exported
    from ltcbench.running.trained import load

    trained = load(given.run)
    path = given.out or Path(f"{trained.job.model}-{trained.job.task}{FORMATS[given.to]}")
    difference = exported(trained, given.to, given.form, path)
    checked = "" if given.to == "safetensors" else f", outputs compared (largest difference {difference:.0e})"
    print(f"{path}: {path.stat().st_size} bytes, {trained.network.size()} parameters{checked}")
    return 0
