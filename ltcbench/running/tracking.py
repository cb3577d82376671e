"""Mirrors run folders into MLflow.

The run folder is the truth; MLflow is a view of it. One MLflow run stands for one run folder, found again by its
fingerprint, so a resumed run goes on in the same curve and ``ltcbench sync`` can fill any store at any time. A store
that fails costs one warning and nothing else.
"""

import itertools
import logging
import math
import os
import re
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock

from ltcbench import places
from ltcbench.running.folder import RunFolder
from ltcbench.running.naming import flattened, named
from ltcbench.settings import groups

FLUSH = 5.0  # seconds between two writes; a write costs 5 ms and more
_LONGEST = 5000  # characters of a parameter or tag
_LONGEST_KEY = 250
_PARAMETERS_A_CALL = 100
_METRICS_A_CALL = 1000
_ENDS = {"finished": "FINISHED", "interrupted": "KILLED"}

log = logging.getLogger("ltcbench")

# MLflow sends telemetry unless it is told not to as soon as it is imported; of DO_NOT_TRACK it takes no value but true.
if os.environ.get("DO_NOT_TRACK", "").lower() not in ("0", "false"):
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def default_uri() -> str:
    """MLFLOW_TRACKING_URI where it is set, else the MLflow database beside the runs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or database_uri(database())


def database() -> Path:
    """The MLflow database beside the runs."""
    return places.runs() / "mlflow.db"


def database_uri(path: Path) -> str:
    """The tracking URI of a database file in a folder of any name."""
    if not set("%?") & set(str(path)):
        return f"sqlite:///{path}"
    from sqlalchemy import make_url

    # Slashes are escaped as well, or MLflow makes the folders of the escaped path.
    escaped = quote(os.fsencode(path), safe="")
    uri = f"sqlite:///{escaped}"
    if make_url(uri).database == str(path):
        return uri
    return f"sqlite:///file:{escaped}?uri=true"  # SQLAlchemy before 2.1 leaves the escapes to SQLite


def artifacts() -> str:
    """The URI of the folder of artifacts beside the runs."""
    return (places.runs() / "mlflow" / "artifacts").as_uri()


class Store:
    """An MLflow store.

    Args:
        uri: an MLflow tracking URI.

    Raises:
        Exception: whatever MLflow raises when the store cannot be used.
    """

    def __init__(self, uri: str) -> None:
        # Without these a dead server is asked for minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        # Else MLflow writes the working folder into its SQL, unescaped, and one with ' and " in its name breaks it.
        os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = artifacts()
        with warnings.catch_warnings(), _one_at_a_time(), _created_at_once(uri):
            warnings.simplefilter("ignore")  # deprecations inside MLflow and SQLAlchemy are not the user's business
            from mlflow import MlflowClient

            for noisy in ("mlflow", "alembic"):
                logging.getLogger(noisy).setLevel(logging.WARNING)
            self.uri = uri
            self.client = MlflowClient(uri)
            self.client.search_experiments(max_results=1)  # creates the tables of a new database

    def experiment(self, name: str) -> str:
        """The id of an experiment, created or restored if need be; what the user has written on it stays."""
        tags = _about(name)
        with _one_at_a_time():
            found = self.client.get_experiment_by_name(name)
            if found is None:
                location = artifacts() if self.uri.startswith("sqlite") else None
                return str(self.client.create_experiment(name, artifact_location=location, tags=tags))
            for key in tags.keys() - found.tags.keys():
                self.client.set_experiment_tag(found.experiment_id, key, tags[key])
            if found.lifecycle_stage == "deleted":  # by hand; the runs on disk are there, so their mirror is as well
                self.client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)

    def mirror(self, folder: RunFolder, result: Mapping[str, Any] | None = None) -> None:
        """Bring the MLflow run of ``folder`` up to date.

        Args:
            folder: a run folder.
            result: how the run ended; None while it is going on.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._mirror(folder, result)

    def _mirror(self, folder: RunFolder, result: Mapping[str, Any] | None) -> None:
        from mlflow.entities import Metric, Param, RunTag

        config, rows = folder.config(), folder.metrics()
        moments = _moments(folder, rows)
        identity = quote(os.fsencode(folder.path.name))  # a fingerprint as it is, another name without quotes
        experiment = self.experiment(str(config["task"]["name"]))
        found = self.client.search_runs([experiment], f"tags.`ltcbench.fingerprint` = '{identity}'", max_results=1)
        if found:
            run = found[0]
        else:
            names = {"ltcbench.fingerprint": identity, "mlflow.runName": named(config)}
            run = self.client.create_run(experiment, start_time=moments[0], tags=names)
            parameters = [Param(_key(key), str(value)[:_LONGEST]) for key, value in flattened(config).items()]
            for some in chunks(parameters, _PARAMETERS_A_CALL):
                self.client.log_batch(run.info.run_id, params=some)

        identifier = run.info.run_id
        done = run.data.metrics.get("epoch", 0.0)
        values = [
            Metric(_key(key), value, moment, int(row["epoch"]))
            for row, moment in zip(rows, moments[1:], strict=True)
            if row["epoch"] > done
            for key, value in row.items()
            if math.isfinite(value)
        ]
        for chunk in chunks(values, _METRICS_A_CALL):
            self.client.log_batch(identifier, metrics=chunk)
        if result is None:
            return

        summary = [
            Metric(_key(key), float(value), moments[-1], 0)
            for key, value in flattened(
                {k: result.get(k) for k in ("best", "last", "parameters", "baselines", "classes")}
            ).items()
            if isinstance(value, (int, float)) and math.isfinite(value)
        ]
        tags = [
            RunTag(f"ltcbench.{key}", str(result.get(key))[:_LONGEST])
            for key in ("status", "source", "protocol", "task")
        ]
        self.client.log_batch(identifier, metrics=summary, tags=tags)
        for file in sorted(folder.path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                self.client.log_artifact(identifier, str(file))
        end = run.info.start_time + moments[-1] - moments[0]  # so long it was trained, pauses left out
        self.client.set_terminated(identifier, _ENDS.get(str(result.get("status")), "FAILED"), end_time=end)


def _about(experiment: str) -> dict[str, str]:
    """The tags of an experiment: what it is about, and that its pages are those of training, not of language models."""
    known = experiment in groups.names("task")
    text = groups.comment("task", experiment) if known else f"Trainings on {experiment}."
    return {"mlflow.note.content": text, "mlflow.experimentKind": "custom_model_development"}


def _moments(folder: RunFolder, rows: Sequence[Mapping[str, float]]) -> list[int]:
    """When the first epoch began and when each one ended, in milliseconds; of a run without any, when it was begun.

    The file of metrics is as old as the end of the last epoch.
    """
    file = folder.path / ("metrics.csv" if rows else "config.yaml")
    seconds = [row.get("seconds", 0.0) for row in rows]
    after = itertools.accumulate(reversed(seconds), initial=0.0)
    last = file.stat().st_mtime
    return [round(1000 * (last - later)) for later in after][::-1]


def _key(name: str) -> str:
    """A name that MLflow takes; one of our own is as it was."""
    return re.sub(r"^\.|[^\w.: -]", "_", name)[:_LONGEST_KEY]


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two processes that use a new MLflow database for the first time at once would otherwise spoil it."""
    places.runs().mkdir(parents=True, exist_ok=True)
    with FileLock(places.runs() / ".mlflow.lock"):
        yield


@contextmanager
def _created_at_once(uri: str) -> Iterator[None]:
    """A new database beside the runs is not waited for on the disk after each of the many steps that make its tables.

    That is most of the time that MLflow takes for them, and the file holds nothing yet that a power cut could spoil.
    Later writes are waited for.
    """
    if uri != database_uri(database()) or database().exists():
        yield
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    opened: list[tuple[sqlite3.Connection, int]] = []

    def unsynced(connection: sqlite3.Connection, _record: object) -> None:
        (before,) = connection.execute("PRAGMA synchronous").fetchone()
        connection.execute("PRAGMA synchronous = OFF")
        opened.append((connection, before))

    event.listen(Engine, "connect", unsynced)
    try:
        yield
    finally:
        event.remove(Engine, "connect", unsynced)
        for connection, before in opened:
            with suppress(sqlite3.ProgrammingError):  # it was closed
                connection.execute(f"PRAGMA synchronous = {before}")


def prepare(uri: str | None, experiments: Iterable[str]) -> None:
    """Create the database and experiments before several processes ask for them at once; a failure is theirs to tell.

    Args:
        uri: an MLflow tracking URI; None: ``default_uri()``.
        experiments: their names.
    """
    with suppress(Exception):
        store = Store(uri or default_uri())
        for name in experiments:
            store.experiment(name)


class Tracker:
    """Mirrors one run while it is going on, and never stops it.

    Args:
        folder: the run's folder.
        uri: an MLflow tracking URI; None: ``default_uri()``. Ignored when ``enabled`` is False.
        enabled: False turns tracking off.
    """

    def __init__(self, folder: RunFolder, uri: str | None, enabled: bool) -> None:
        self.folder = folder
        self.uri = uri or default_uri()
        self.enabled = enabled
        self.store: Store | None = None
        self.flushed = time.monotonic()

    def epoch(self) -> None:
        """An epoch was written to the folder."""
        if time.monotonic() - self.flushed > FLUSH:
            self._guarded(lambda store: store.mirror(self.folder))
            self.flushed = time.monotonic()

    def end(self, result: Mapping[str, Any]) -> None:
        """The run ended and its result was written to the folder."""
        self._guarded(lambda store: store.mirror(self.folder, result))

    def _guarded(self, action: Callable[[Store], None]) -> None:
        if not self.enabled:
            return
        try:
            if self.store is None:
                self.store = Store(self.uri)
            action(self.store)
        except Exception as error:  # whatever it is, training is worth more than its mirror
            self.enabled = False
            log.warning(
                "MLflow at %s does not take this run (%s): its files in %s are complete; "
                "'ltcbench sync' mirrors them later.",
                self.uri,
                reason(error),
                self.folder.path,
            )


def reason(error: Exception) -> str:
    """What an exception says, in one line."""
    text = str(error).strip()
    return text.splitlines()[0][:200].rstrip(".") if text else type(error).__name__


def chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """``items`` in pieces of at most ``size``."""
    return [items[i : i + size] for i in range(0, len(items), size)]
