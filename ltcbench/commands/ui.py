"""``ltcbench ui [--port N] [--host H]``: MLflow's pages on the runs."""

import argparse
import os
import sys

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.running import tracking


def run(arguments: list[str]) -> int:
    """Start the MLflow server with one worker (it starts four times as fast as with the default four)."""
    parser = argparse.ArgumentParser("ltcbench ui", description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args(arguments)
    if not (places.runs() / "mlflow.db").is_file():
        raise UserError(f"there is no MLflow database in {places.runs()}: train something first, or 'ltcbench sync'.")
    print(f"MLflow on http://{options.host}:{options.port} (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", tracking.default_uri()]
    command += ["--port", str(options.port), "--host", options.host, "--workers", "1"]
    os.execv(sys.executable, command)
