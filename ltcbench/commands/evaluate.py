"""``ltcbench evaluate RUN``: test the network of a run again, with the weights of the epoch that counts."""

from ltcbench.running.folder import found
from ltcbench.terminal import Parser, table


def main(arguments: list[str]) -> int:
    """Print the metrics on every part of the data, and what the run said of the test part."""
    parser = Parser("ltcbench evaluate", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="a run folder, or its fingerprint or the beginning of it")
    folder = found(parser.parse_args(arguments).run)

    from ltcbench.running.reevaluation import evaluated

    scores, said = evaluated(folder), (folder.result() or {}).get("test_metric")
    names = list(dict.fromkeys(name for numbers in scores.values() for name in numbers))
    rows = [[part, *(f"{numbers[name]:.6g}" for name in names)] for part, numbers in scores.items()]
    print(table(["part", *names], rows, right=range(1, len(names) + 1)))
    print(f"{folder.path}: the run itself said {'nothing of the test part' if said is None else f'{said:.6g}'}.")
    return 0
