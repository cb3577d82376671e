"""An experiment from its settings to its result: what is not there yet is computed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import metadata
from typing import Any

from ltcbench.experiments.experiment import Draw, Result, Row, measurement
from ltcbench.experiments.folder import Done, ExperimentFolder
from ltcbench.experiments.workers import computed
from ltcbench.progress import DrawProgress
from ltcbench.running.versions import versions

EVERY = 1.0  # seconds between two writings of the draws


def conduct(name: str, protocol: str, settings: Any, jobs: int) -> tuple[Result, ExperimentFolder]:
    """Compute the draws that are missing, then the result.

    Args:
        name: of the experiment.
        protocol: its name, for the result.
        settings: of the experiment.
        jobs: processes side by side.

    Raises:
        Failure: the folder cannot be written, or another process works in it for too long.
    """
    folder = ExperimentFolder.of(name, settings)
    with folder.lock(f"another process computes {name} with these settings: waiting for it."):
        result = folder.result()
        if result is None:
            folder.write_settings(protocol, settings)
            rows = _rows(folder, name, settings, jobs)
            result = Result(name, protocol, settings, folder.its.values(settings, rows))
            folder.write_picture(folder.its.picture(result, rows))
            folder.write_result(result, {**versions(), **{name: metadata.version(name) for name in ("numpy", "scipy")}})
        measure = measurement(folder.its)
        if measure and not result.measured:
            result = replace(result, measured=measure(settings))
            folder.write_measured(result.measured)
    return result, folder


def _rows(folder: ExperimentFolder, name: str, settings: Any, jobs: int) -> list[Row]:
    """The lines of all draws; those that are not in the folder yet are computed and put there."""
    draws = folder.its.draws(settings)
    done = folder.done(draws)
    missing = [draw for draw in draws if draw.key not in done]

    def rows() -> list[Row]:
        return [row for draw in draws for row in done.get(draw.key, ())]

    if missing:
        progress = DrawProgress(name, len(draws))
        try:
            _compute(name, settings, missing, jobs, done, lambda: folder.write_draws(rows(), lasting=False), progress)
        finally:
            progress.close()
            folder.write_draws(rows(), lasting=True)
    return rows()


def _compute(
    name: str,
    settings: Any,
    missing: Sequence[Draw],
    jobs: int,
    done: Done,
    save: Callable[[], None],
    progress: DrawProgress,
) -> None:
    """Put the lines of the draws that are missing into ``done``, and save them every now and then."""
    saved = time.monotonic() - EVERY
    for draw, rows in computed(name, settings, missing, jobs):
        done[draw.key] = rows
        progress.step(len(done))
        if time.monotonic() - saved >= EVERY:
            save()
            saved = time.monotonic()
