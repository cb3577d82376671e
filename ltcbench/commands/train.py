"""``ltcbench train [-m] key=value ...``: train a model on a task; with -m, Hydra sweeps over comma-separated values."""

import logging
import os
import shutil
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from ltcbench import places, terminal
from ltcbench.errors import Failure, Interrupted, UserError
from ltcbench.plugins import loading
from ltcbench.settings import composition

log = logging.getLogger("ltcbench")


class _JobFailed(Exception):
    """A job of a sweep failed and has been reported; Hydra's launchers carry it home, from other processes too."""


@dataclass(frozen=True)
class _Sweep:
    """What the jobs of a sweep have in common, wherever a launcher does them.

    Attributes:
        folder: where each run leaves a file of its name.
        keys: the settings that differ.
    """

    folder: Path
    keys: frozenset[str]

    def differs(self, overrides: list[str]) -> str:
        """Of the overrides of one job those that tell it from the others; a run's lines name these three anyway."""
        keys = self.keys - {"task", "model", "seed"}
        return " ".join(word for word in overrides if word.lstrip("+~").partition("=")[0] in keys)

    def add(self, fingerprint: str) -> None:
        """Remember a run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / fingerprint).touch()

    def table(self) -> None:
        """Print the runs of the sweep as ``ltcbench runs`` does."""
        if not self.folder.is_dir():
            return
        from ltcbench.reporting import sweep_formats, sweeps

        found = sweeps.chosen(places.runs(), [], {file.name for file in self.folder.iterdir()})
        print(f"\n{sweep_formats.term(sweeps.sections(found))}", end="", flush=True)

    def forget(self) -> None:
        """Leave no file behind."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _swept(overrides: list[str]) -> frozenset[str]:
    """The settings that have several values."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = composition.explained(lambda: OverridesParser.create().parse_overrides(overrides))
    return frozenset(override.key_or_group for override in parsed if override.is_sweep_override())


def main(arguments: list[str]) -> int:
    """Train; see ``conf/train.yaml`` for what can be set."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then hands us its exceptions instead of printing them
    # conf/train.yaml puts sweeps there, and so do the processes of a launcher; as an override the path would be parsed.
    os.environ["LTCBENCH_RUNS"] = str(places.runs())
    given = flags_first(arguments)
    sys.argv = ["ltcbench train", *given]
    sweep = _Sweep(places.runs() / f".sweep-{uuid.uuid4().hex}", _swept(given[given.index("--") + 1 :]))
    ended: list[str | Exception] = []

    @hydra.main(config_path=str(places.conf()), config_name="train", version_base="1.3")
    def task(cfg: DictConfig) -> None:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            _one_of_many(cfg, sweep)
            return
        try:
            ended.append(_train(cfg))
        except Exception as error:  # Hydra would announce it before we can tell it in a sentence
            ended.append(error)

    try:
        composition.explained(task)
        sweep.table()
    except _JobFailed:
        sweep.table()
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:  # Hydra's own: the folder of sweeps
        raise Failure(f"cannot write {error.filename} ({error.strerror}): make room or change LTCBENCH_RUNS.") from None
    finally:
        sweep.forget()
    for end in ended:
        if isinstance(end, Exception):
            raise end
    return 0 if set(ended) <= {"finished"} else 1


# The flags of a Hydra program: those that stand alone, those with a value.
_SWITCHES = (("--help", "-h"), ("--hydra-help",), ("--version",), ("--resolve",))
_MODES = (("--run", "-r"), ("--multirun", "-m"), ("--shell-completion", "-sc"))
_VALUES = (
    ("--package", "-p"),
    ("--config-path", "-cp"),
    ("--config-name", "-cn"),
    ("--config-dir", "-cd"),
    ("--experimental-rerun",),
)
_PARTS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")


def flags_first(arguments: list[str]) -> list[str]:
    """The arguments in the order in which Hydra reads them all: flags, ``--``, overrides.

    Raises:
        UserError: a flag that Hydra does not have, or one that does not go with the others.
    """
    parser = terminal.Parser("ltcbench train", add_help=False)
    for names in _SWITCHES:
        parser.add_argument(*names, action="store_true")
    for names in _VALUES:
        parser.add_argument(*names)
    mode = parser.add_mutually_exclusive_group()
    for names in _MODES:
        mode.add_argument(*names, action="store_true")
    mode.add_argument("--cfg", "-c", choices=("job", "hydra", "all"))
    mode.add_argument("--info", "-i", nargs="?", const="all", choices=_PARTS)
    parser.add_argument("overrides", nargs="*")
    given = vars(parser.parse_intermixed_args(arguments))

    overrides: list[str] = given.pop("overrides")
    if given["resolve"] and not (given["cfg"] or given["help"]):
        raise UserError("--resolve says how --cfg prints the configuration: add --cfg job.")
    folder = given["config_dir"]
    if folder is not None and not Path(folder).is_dir():
        raise UserError(
            f"--config-dir {folder} is not a folder: expected one with groups in it, e.g. recipe/mine.yaml."
        )
    flags = [
        f"--{name.replace('_', '-')}{'' if value is True else f'={value}'}"
        for name, value in given.items()
        if value not in (None, False)
    ]
    return [*flags, "--", *overrides]


def _train(cfg: DictConfig, sweep: _Sweep | None = None) -> str:
    """Do the job of one composed configuration, of a sweep or alone, and return its status."""
    from hydra.core.hydra_config import HydraConfig

    _log_to_terminal()
    job = composition.job(cfg, composition.chosen_recipe(HydraConfig.get()))
    from ltcbench.running.done import done_before

    differs = sweep.differs(list(HydraConfig.get().overrides.task)) if sweep else ""
    result = done_before(job)
    if result is None:
        from ltcbench.running.run import run_job  # torch and pandas, only when the configuration is right

        result = run_job(job, differs)
    if sweep:
        sweep.add(result["fingerprint"])
    status: str = result["status"]
    return status


def _one_of_many(cfg: DictConfig, sweep: _Sweep) -> None:
    """Do one job of a sweep. What goes wrong is told at once and the sweep goes on; an interruption ends it."""
    from hydra.core.hydra_config import HydraConfig

    try:
        loading.load()  # a launcher's process is a fresh one
        status = _train(cfg, sweep)
    except Interrupted as error:
        # Of an Exception Hydra makes a failed job, and where jobs follow each other in this process it begins the next.
        if HydraConfig.get().launcher._target_.endswith(".BasicLauncher"):
            raise KeyboardInterrupt(str(error)) from None
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
    """Send the program's log lines to the terminal, from the processes of a launcher too."""
    terminal.never_fail_to_print()
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
