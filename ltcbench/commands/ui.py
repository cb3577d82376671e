"""``ltcbench ui [--port N] [--host H]``: MLflow's pages on the runs."""

import os
import sys

from ltcbench import places, values
from ltcbench.errors import UserError
from ltcbench.running import tracking
from ltcbench.terminal import Parser
from ltcbench.values import Range


def main(arguments: list[str]) -> int:
    """Start the MLflow server with one worker (it starts four times as fast as with the default four).

    Where the store is a server itself, say so.
    """
    parser = Parser("ltcbench ui", description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args(arguments)
    values.checked("--port", options.port, int, Range(1, 65535))
    uri = tracking.default_uri()
    if uri.startswith(("http:", "https:", "databricks")):
        raise UserError(f"the runs are mirrored into {uri}, as MLFLOW_TRACKING_URI says: look there.")
    if uri == tracking.database_uri(tracking.database()) and not tracking.database().is_file():
        raise UserError(f"there is no MLflow database in {places.runs()}: train something first, or 'ltcbench sync'.")
    print(f"MLflow on http://{options.host}:{options.port} (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", uri]
    command += ["--port", str(options.port), "--host", options.host, "--workers", "1"]
    os.execv(sys.executable, command)
