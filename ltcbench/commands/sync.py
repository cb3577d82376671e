"""``ltcbench sync [--uri URI]``: mirror run folders into an MLflow store."""

import argparse

from ltcbench.errors import Failure
from ltcbench.running import tracking
from ltcbench.running.folder import folders


def run(arguments: list[str]) -> int:
    """Bring the store up to date with every run folder."""
    parser = argparse.ArgumentParser("ltcbench sync", description=__doc__)
    parser.add_argument("--uri", default=tracking.default_uri(), help="MLflow tracking URI (default: the runs' own)")
    options = parser.parse_args(arguments)

    done = 0
    for folder in folders():
        try:
            if not done:
                store = tracking.Store(options.uri)
            store.mirror(folder, folder.result())
        except Exception as error:
            raise Failure(
                f"MLflow at {options.uri} does not take {folder.path} ({error}): mirrored {done} runs."
            ) from error
        done += 1
    print(f"{done} runs mirrored into {options.uri}.")
    return 0
