"""The pages of the settings, from the comments in ``conf/``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from site_prose import code, escaped, table

from ltcbench import places
from ltcbench.files import from_yaml
from ltcbench.settings import groups

FOLDER = "reference/settings"
GROUPS = {
    "trainer": ("Training", "Optimiser and length of training: `trainer.KEY=VALUE`."),
    "model": (
        "Models",
        "Chosen by `model=NAME`, set by `model.KEY=VALUE`. `ltcbench show model=NAME` prints the equations.",
    ),
    "task": (
        "Tasks",
        "Chosen by `task=NAME`, set by `task.KEY=VALUE`. A task has its own defaults for training and size. What the "
        "switches under `task.quirks` are about: [the benchmarks](../../protocols.md).",
    ),
    "protocol": ("Protocols", "Chosen by `protocol=NAME`; task by task: [the benchmarks](../../protocols.md)."),
    "recipe": (
        "Recipes",
        "The papers' settings of a pair of task and model, taken by themselves. `recipe=none` leaves them out.",
    ),
    "debug": ("Debugging", "Chosen by `debug=NAME`."),
    "executor": (
        "Executors",
        "Where `ltcbench reproduce` and `ltcbench tune` run: [other machines](../../cluster.md).",
    ),
    "search": ("Searches", "The ranges of `ltcbench tune search=NAME`: [tuning](../../tuning.md)."),
    "experiment": ("Experiments", "Settings of `ltcbench experiment NAME`; what came out: [claims](../../claims.md)."),
}


@dataclass(frozen=True)
class Setting:
    """A line of a configuration file.

    Attributes:
        key: as on the command line.
        value: as it is written; empty where others stand below.
        note: the comment beside it.
    """

    key: str
    value: str
    note: str


def pages() -> dict[str, str]:
    """A page for what belongs to no group, and one for each group."""
    return {f"{FOLDER}/index.md": _index(), **{f"{FOLDER}/{group}.md": _group(group) for group in GROUPS}}


def settings(file: Path) -> list[Setting]:
    """The settings of a configuration file, in its order."""
    text = file.read_text(encoding="utf-8")
    root = yaml.compose(text, yaml.SafeLoader)
    bare = "@package _global_" in text or file.parent.name in ("conf", "search", "experiment")
    return list(_inside(root, [] if bare else [file.parent.name], text.splitlines())) if root else []


def _inside(node: yaml.Node, above: list[str], lines: list[str]) -> Iterator[Setting]:
    assert isinstance(node, yaml.MappingNode)
    for key, value in node.value:
        path = [*above, key.value]
        if path[-1] == "defaults" or path[0] == "hydra" or (path[-1] == "name" and len(path) == 2):
            continue
        nested = isinstance(value, yaml.MappingNode) and not value.flow_style
        if not nested:
            start, end = value.start_mark, value.end_mark
            rest = lines[end.line][end.column :]
            yield Setting(
                ".".join(path), value.start_mark.buffer[start.pointer : end.pointer].rstrip("\0"), _note(rest)
            )
            continue
        note = _note(lines[key.end_mark.line][key.end_mark.column :])
        if note:
            yield Setting(".".join(path), "", note)
        yield from _inside(value, path, lines)


def _note(rest: str) -> str:
    return rest.partition("# ")[2].strip()


def _index() -> str:
    file = places.conf() / "train.yaml"
    chosen = re.findall(
        r"^  - (?:optional )?(\w+): (\S+?) *# (.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return "\n\n".join(
        [
            "# Settings",
            "`ltcbench train KEY=VALUE ...` takes all of them, `ltcbench show KEY=VALUE ...` says what they come to. "
            "The command line beats the recipe of the pair of task and model, which beats the task's and the model's "
            "defaults. Kept in `conf/`, where each line has its comment.",
            "## Groups",
            table(
                ("group", "default", "which"),
                ((f"[`{group}`]({group}.md)", code(value), escaped(note)) for group, value, note in chosen),
            ),
            "Groups of other commands: "
            + ", ".join(f"[`{name}`]({name}.md)" for name in ("executor", "search", "experiment"))
            + ".",
            "## Of every training",
            _table(settings(file)),
        ]
    )


def _group(group: str) -> str:
    title, said = GROUPS[group]
    names = groups.names(group, places.conf())
    return "\n\n".join([f"# {title}", said, *(block for name in names for block in _option(group, name))]) + "\n"


def _option(group: str, name: str) -> Iterator[str]:
    """Blocks: the name, the comment at the head, the settings."""
    yield f"## {name}"
    said = groups.comment(group, name)
    if said:
        yield escaped(said)
    file = groups.file(group, name)
    defaults = (from_yaml(file.read_text(encoding="utf-8")) or {}).get("defaults", [])
    inherited = [one for one in defaults if isinstance(one, str) and one != "_self_"]
    if inherited:
        yield f"Otherwise as {', '.join(f'[{one}](#{one})' for one in inherited)}."
    found = settings(file)
    if found:
        yield _table(found)


def _table(found: list[Setting]) -> str:
    rows = [(code(one.key), code(one.value), escaped(one.note)) for one in found]
    return table(("key", "value", "what it is"), rows)
