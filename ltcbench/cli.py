"""The command line's only door: a verb and its command. Nothing heavy is imported here."""

import difflib
import importlib
import os
import sys

from ltcbench import terminal

COMMANDS = {
    "train": "train a model on a task; Hydra overrides key=value, -m for sweeps",
    "tune": "search for settings by the validation metric",
    "data": "list, fetch, verify, import or show the raw data",
    "reproduce": "run what a table of the papers needs and is not there yet",
    "table": "a table of the papers, ours beside it, with verdicts",
    "merge": "take other people's runs into the published results",
    "runs": "any runs as a table, over seeds: a sweep, a search, a task",
    "report": "all tables with pictures, as one page",
    "experiment": "a claim of the papers as an experiment: protocol=paper|clean, quirks.NAME=true|false",
    "bench": "time models and engines against other implementations",
    "evaluate": "test the network of a run again",
    "predict": "what the network of a run says of a further table",
    "export": "the network of a run as a file for other programs",
    "list": "list models, tasks, tables or experiments",
    "show": "what a model, a task, a training or an experiment consists of",
    "new": "a file of your own to begin with: a model or a task, and its test",
    "sync": "mirror run folders into an MLflow store",
    "ui": "open MLflow's pages on the runs",
    "cite": "BibTeX of the papers and of the data",
    "completion": "a script with which bash, zsh or fish completes all of this",
    "doctor": "check the installation and the folders",
}

USAGE = """\
ltcbench: the benchmarks of the LTC and CfC papers, reproduced.

usage: ltcbench COMMAND [arguments] [--with FILE.py|MODULE,...] [--config-dir FOLDER]

{commands}

ltcbench COMMAND --help says more; e.g. ltcbench train model=ltc task=cheetah seed=1.
LTCBENCH_DATASETS, LTCBENCH_RUNS and LTCBENCH_MIRROR move the folders of data, of runs and of raw files.
--with, LTCBENCH_WITH or `with = ["FILE.py"]` in ltcbench.toml bring models and tasks of your own: see ltcbench new.
"""


def usage() -> str:
    """The help text."""
    width = max(map(len, COMMANDS))
    return USAGE.format(commands="\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()))


def main() -> None:
    """Run the command that ``sys.argv`` names and exit with its status.

    Exit status: 0 done; 1 a job failed or diverged; 2 a mistake of the user's, told in one sentence; 130 interrupted.
    """
    terminal.never_fail_to_print()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage(), end="")
        return 0
    if arguments[0] == "--version":
        from ltcbench import __version__

        print(__version__)
        return 0

    from ltcbench.errors import Failure, Interrupted, UserError

    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except Failure as error:
        _mistake(str(error))
        return 1
    except UserError as error:
        return _mistake(str(error))
    except (Interrupted, KeyboardInterrupt) as error:
        print(f"ltcbench: {error}" if str(error) else "ltcbench: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: list[str]) -> int:
    from ltcbench.errors import UserError
    from ltcbench.plugins import named

    verb, *rest = named.taken(arguments) or ["no command"]
    if verb not in COMMANDS:
        near = difflib.get_close_matches(verb, COMMANDS, n=2)
        hint = f"did you mean {' or '.join(near)}" if near else f"expected one of {', '.join(COMMANDS)}"
        raise UserError(f"unknown command '{verb}': {hint}.")
    if verb != "new":  # what it writes may be to mend what is named
        from ltcbench.settings import extensions

        extensions.prepare()
    status: int = importlib.import_module(f"ltcbench.commands.{verb}").main(rest)
    return status


def _mistake(sentence: str) -> int:
    print(f"ltcbench: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
