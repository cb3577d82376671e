"""``ltcbench sync [--uri URI]``: mirror run folders into an MLflow store."""

import sys

from ltcbench.errors import Failure, UserError
from ltcbench.running import tracking
from ltcbench.running.folder import folders
from ltcbench.terminal import Parser


def main(arguments: list[str]) -> int:
    """Bring the store up to date with every run folder; exit status 1 if one of them could not be mirrored."""
    parser = Parser("ltcbench sync", description=__doc__)
    parser.add_argument(
        "--uri", help="MLflow tracking URI (default: MLFLOW_TRACKING_URI, else the database beside the runs)"
    )
    uri = parser.parse_args(arguments).uri or tracking.default_uri()

    found, failed = list(folders()), 0
    if found:
        store = _opened(uri)
    for folder in found:
        try:
            if folder.damaged():
                raise UserError("its result.json cannot be read; the same training writes it again")
            store.mirror(folder, folder.result())
        except Exception as error:  # whatever is wrong with one run, the others are mirrored
            failed += 1
            print(f"{folder.path} is not mirrored: {tracking.reason(error)}.", file=sys.stderr)
    print(f"{len(found) - failed} runs mirrored into {uri}{f', {failed} not' if failed else ''}.")
    return int(failed > 0)


def _opened(uri: str) -> tracking.Store:
    try:
        return tracking.Store(uri)
    except Exception as error:
        raise Failure(
            f"MLflow at {uri} cannot be used ({tracking.reason(error)}): mend it, or give another --uri."
        ) from error
