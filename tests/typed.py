"""A command of the documentation, looked at as far as that is possible without hours, data or a network.

What is cheap is run: lists, tables without runs. Of the others the verb's own parser reads the flags, and Hydra
composes the settings of every training, or of a plan's first. Words in capitals stand for what a reader has.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from ltcbench import cli
from ltcbench.commands import completion, reproduce, train, tune
from ltcbench.experiments.asked import asked
from ltcbench.paper import selection, tables
from ltcbench.reporting.jobs import of_cells
from ltcbench.running.checks import check
from ltcbench.running.executors import opening
from ltcbench.running.tuning import space
from ltcbench.settings import composition

from .blocks import Block
from .conftest import ROOT

OWN = "--with"  # a command with code of the reader's own, which has to be there
_RUN = ("cite", "completion", "doctor", "list")  # quick, and harmless


def commands(block: Block) -> Iterator[str]:
    """The commands in a block, each on its line; a ``text`` is what one has printed."""
    for line in map(str.strip, block.text.splitlines() if block.language != "text" else ()):
        if re.match(r"ltcbench (?!:)|make |pip |export ", line):
            yield line


def look_at(command: str) -> None:
    """See that a command can be typed as it stands.

    Raises:
        UserError, AssertionError: it cannot.
    """
    program, *words = shlex.split(command, comments=True)
    {"ltcbench": _ltcbench, "make": _make, "pip": _pip, "export": _export}[program](words)


def _ltcbench(words: list[str]) -> None:
    verb, *rest = words
    if verb in _RUN or (verb, *rest[:1]) in (("data", "list"), ("data", "show")):
        _done(words)
    elif verb == "table":
        _done(_without_runs(words))
    elif verb in _SETTINGS:
        _SETTINGS[verb](rest)
    elif rest:
        parser = completion.parser(verb)
        (parser.parse_args if verb == "data" else parser.parse_intermixed_args)(rest)
    else:
        assert verb in cli.COMMANDS, verb


def _done(words: Sequence[str]) -> None:
    assert cli.run(list(words)) == 0, words


def _without_runs(words: list[str]) -> list[str]:
    """A table of no runs is printed at once; of what is published there must be something."""
    if "--from" in words:
        place = words.index("--from")
        assert (ROOT / words[place + 1]).is_dir(), words
        words = words[:place] + words[place + 2 :]
    return [word for word in words if word != "--publish"]


def _train(words: list[str]) -> None:
    """Compose each training of the command, and check it."""
    given = train.flags_first(words)
    overrides = given[given.index("--") + 1 :]
    jobs = [overrides]
    if "--multirun" in given:
        parsed = OverridesParser.create().parse_overrides(overrides)
        (jobs,) = BasicSweeper.split_arguments(parsed, None)
    for job in jobs:
        check(composition.composed(job))


def _reproduce(words: list[str]) -> None:
    if not words:
        return
    options = reproduce._options(words)
    names, given = reproduce._tables(options.asked)
    _, overrides = opening.asked(given, options.jobs)
    table = selection.with_rows(tables.table(names[0]), options.row)
    cells = selection.chosen(list(table.cells()), options.only)
    of_cells(cells[:1], selection.protocols(options.protocol or "paper"), overrides, 1)


def _show(words: list[str]) -> None:
    if words[0].startswith("experiment="):
        asked(words[0].partition("=")[2], words[1:])
    elif "=" in words[0]:
        _train(words)


def _tune(words: list[str]) -> None:
    if words:
        options = completion.parser("tune").parse_intermixed_args(words)
        own, given = tune._parted(options.asked)
        job = composition.composed(given)
        check(job)
        space.check(space.narrowed(space.read(own["search"]), given), given, job)


def _experiment(words: list[str]) -> None:
    options = completion.parser("experiment").parse_intermixed_args(words)
    asked(options.experiment, options.overrides)


_SETTINGS: dict[str, Callable[[list[str]], None]] = {
    "experiment": _experiment,
    "reproduce": _reproduce,
    "show": _show,
    "train": _train,
    "tune": _tune,
}


def _make(words: list[str]) -> None:
    for target in words:
        rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
        assert rule, target
        for command in re.findall(r"\$\(BIN\)/(ltcbench .*)", rule[1]):
            look_at(command)


def _pip(words: list[str]) -> None:
    verb, what = words
    extra = re.fullmatch(r"ltcbench\[(\w+)\]", what)
    assert verb == "install" and extra and f"\n{extra[1]} = [" in (ROOT / "pyproject.toml").read_text(), words


def _export(words: list[str]) -> None:
    sources = "".join(path.read_text() for path in (ROOT / "ltcbench").rglob("*.py"))
    for word in words:
        name = word.partition("=")[0]
        assert name in sources or name.startswith("DASK_"), name
