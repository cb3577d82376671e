"""``ltcbench train [-m] key=value ...``: train a model on a task; with -m, Hydra sweeps over comma-separated values."""

import logging
import os
import sys

from omegaconf import DictConfig

from ltcbench import places
from ltcbench.errors import Interrupted, UserError
from ltcbench.settings import composition

log = logging.getLogger("ltcbench")


class _JobFailed(Exception):
    """A job of a sweep failed and has been reported; Hydra's launchers carry it home, from other processes too."""


def run(arguments: list[str]) -> int:
    """Train; see ``conf/train.yaml`` for what can be set."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then hands us its exceptions instead of printing them
    sys.argv = ["ltcbench train", *arguments, f"hydra.sweep.dir='{places.runs() / 'sweeps'}'"]
    ended: list[str | Exception] = []

    @hydra.main(config_path=str(places.conf()), config_name="train", version_base="1.3")
    def task(cfg: DictConfig) -> None:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            _one_of_many(cfg)
            return
        try:
            ended.append(_train(cfg))
        except Exception as error:  # Hydra would announce it before we can tell it in a sentence
            ended.append(error)

    try:
        composition.explained(task)
    except _JobFailed:
        return 1
    for end in ended:
        if isinstance(end, Exception):
            raise end
    return 0 if set(ended) <= {"finished"} else 1


def _train(cfg: DictConfig) -> str:
    """Do the job of one composed configuration and return its status."""
    from hydra.core.hydra_config import HydraConfig

    _log_to_terminal()
    job = composition.job(cfg, composition.chosen_recipe(HydraConfig.get()))
    from ltcbench.running.run import run  # torch and pandas, only when the configuration is right

    status: str = run(job)["status"]
    return status


def _one_of_many(cfg: DictConfig) -> None:
    """Do one job of a sweep: what goes wrong is told at once, and the sweep goes on."""
    try:
        status = _train(cfg)
    except (Interrupted, KeyboardInterrupt):
        raise
    except UserError as error:
        log.error("%s", error)
        raise _JobFailed from None
    except Exception as error:
        log.exception("a job of the sweep failed")
        raise _JobFailed from error
    if status != "finished":
        raise _JobFailed


def _log_to_terminal() -> None:
    """Send the program's log lines to the terminal."""
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
