"""The pages of the commands, from their parsers."""

import argparse
import functools
import importlib
import re
from collections.abc import Iterator
from unittest import mock

from site_prose import code, escaped, table

from ltcbench import cli
from ltcbench.commands import completion

FOLDER = "reference/commands"
WITHOUT_PARSER = ("show",)


def pages() -> dict[str, str]:
    """A page for each verb, and one for all of them."""
    return {f"{FOLDER}/index.md": _overview(), **{f"{FOLDER}/{verb}.md": page(verb) for verb in cli.COMMANDS}}


def page(verb: str) -> str:
    """What a verb does, how it is called, and what each of its arguments is."""
    said = importlib.import_module(f"ltcbench.commands.{verb}").__doc__ or ""
    blocks = [f"# ltcbench {verb}", *map(escaped, re.split(r"\n\n", said.strip()))]
    if verb not in WITHOUT_PARSER:
        blocks += _arguments(completion.parser(verb), 2)
    if verb in (*completion.SETTINGS, "tune", "reproduce", "table", "runs"):
        blocks.append("What can be set, as `key=value`: [settings](../settings/index.md).")
    return "\n\n".join(blocks) + "\n"


def _overview() -> str:
    rows = ([f"[`{verb}`]({verb}.md)", escaped(what)] for verb, what in cli.COMMANDS.items())
    rest = cli.usage().partition("\n\nltcbench COMMAND --help")[2]
    usage = re.search(r"usage: (.*)", cli.usage())
    assert usage
    return "\n\n".join(
        [
            "# Commands",
            _block(usage[1]),
            table(("command", "what it does"), rows),
            escaped(f"`ltcbench COMMAND --help`{rest}"),
            "Exit status: 0 done; 1 a job failed or diverged; 2 a mistake of the user's, told in one sentence; "
            "130 interrupted.\n",
        ]
    )


def _arguments(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    """Blocks: the usage, the arguments, and the same of each verb of its own."""
    yield _block(_usage(parser))
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    rows = [_row(parser, action) for action in parser._actions if action not in inner and action.dest != "help"]
    if any(meaning for _, meaning in rows):
        yield table(("argument", "meaning"), rows)
    for action in inner:
        helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, own in action.choices.items():
            yield f"{'#' * level} {own.prog}"
            yield escaped(helps.get(name, ""))
            yield from _arguments(own, level + 1)


def _usage(parser: argparse.ArgumentParser) -> str:
    narrow = functools.partial(argparse.HelpFormatter, width=78)
    with mock.patch.object(parser, "formatter_class", narrow):
        return parser.format_usage().removeprefix("usage: ").strip()


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> tuple[str, str]:
    value = (
        action.metavar or "|".join(map(str, action.choices or ())) or (action.dest.upper() if action.nargs != 0 else "")
    )
    names = ", ".join(action.option_strings)
    meaning = parser._get_formatter()._expand_help(action) if action.help else ""
    return code(f"{names} {value}".strip()), escaped(meaning)


def _block(text: str) -> str:
    return f"```text\n{text}\n```"
