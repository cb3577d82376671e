"""``ltcbench completion bash|zsh|fish``: a script with which that shell completes verbs, flags, names and settings.

In ~/.bashrc: eval "$(ltcbench completion bash)". In ~/.zshrc, after compinit: eval "$(ltcbench completion zsh)".
In ~/.config/fish/config.fish: ltcbench completion fish | source.
"""

import argparse
import importlib
import itertools
import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

from ltcbench import places
from ltcbench.errors import unknown
from ltcbench.terminal import Parser

# Each asks `ltcbench completion words`, the words so far behind it, the last of them the one to complete. bash takes
# what stands behind the last = for the whole word.
SCRIPTS = {
    "bash": r"""
_ltcbench() {
    local line="${COMP_LINE:0:COMP_POINT}" words word
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    word="${words[${#words[@]}-1]}"
    mapfile -t COMPREPLY < <("${words[0]}" completion words -- "${words[@]:1}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    [[ $word == *=* && $COMP_WORDBREAKS == *=* ]] && COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*=}"}"}")
}
complete -o default -F _ltcbench ltcbench
""",
    "zsh": r"""
_ltcbench() {
    local -a found keys
    found=("${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    keys=(${(M)found:#*=})
    found=(${found:#*=})
    (( $#keys + $#found )) || { _files; return }
    compadd -Q -S '' -a keys
    compadd -Q -a found
}
compdef _ltcbench ltcbench
""",
    "fish": r"""
function __ltcbench
    set -l words (commandline -opc)
    $words[1] completion words -- $words[2..] (commandline -ct) 2>/dev/null; or __fish_complete_path (commandline -ct)
end
complete -c ltcbench -f -a '(__ltcbench)'
""",
}
SETTINGS = ("train", "show")  # verbs whose arguments are settings, though no parser says so
TABLES = ("reproduce", "table", "cite")


def main(arguments: list[str]) -> int:
    """Print the script, or, as the scripts ask, the words that fit."""
    if arguments[:2] == ["words", "--"]:
        found = candidates(arguments[2:])
        print("".join(f"{word}\n" for word in found), end="")
        return 0 if found else 1
    parser = Parser("ltcbench completion", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shell", metavar="|".join(SCRIPTS))
    shell = parser.parse_args(arguments).shell
    if shell not in SCRIPTS:
        raise unknown("shell", shell, SCRIPTS)
    print(SCRIPTS[shell].strip())
    return 0


def candidates(words: list[str]) -> list[str]:
    """What the last of the words behind ``ltcbench`` may become."""
    *before, begun = words or [""]
    if not before:
        return _fitting(verbs(), begun)
    verb = before[0]
    if verb not in verbs():
        return []
    actions = [] if verb == "show" else list(_actions(parser(verb)))
    asked = next((action for action in actions if before[-1] in action.option_strings and action.nargs != 0), None)
    if asked:
        return _fitting(_choices(asked), begun)
    key, equals, value = begun.partition("=")
    if equals:
        done = value[: value.rfind(",") + 1]
        return [f"{key}={done}{name}" for name in _fitting(values(key), value.removeprefix(done))]
    flags = [flag for action in actions for flag in action.option_strings] if begun.startswith("-") else []
    names = [name for action in actions if not action.option_strings for name in _choices(action)]
    settings = (f"{key}=" for key in keys()) if verb in SETTINGS or any(map(_takes_settings, actions)) else ()
    return _fitting([*flags, *names, *(tables() if verb in TABLES else ()), *settings], begun)


def verbs() -> list[str]:
    """What may stand behind ``ltcbench``."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")


def _fitting(words: Iterable[str], begun: str) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(begun)]


class _Built(Exception):
    """A parser is complete and about to read."""


def parser(verb: str) -> argparse.ArgumentParser:
    """The parser of a verb, which ``main`` builds and would go on to use."""
    module = importlib.import_module(f"ltcbench.commands.{verb}")
    start: Callable[[list[str]], object] = module.flags_first if verb == "train" else module.main

    def built(self: argparse.ArgumentParser, *_: object) -> None:
        raise _Built(self)

    reads = ("parse_args", "parse_intermixed_args")
    try:
        with ExitStack() as stack:
            for name in reads:
                stack.enter_context(mock.patch.object(argparse.ArgumentParser, name, built))
            start([])
    except _Built as found:
        return found.args[0]  # type: ignore[no-any-return]
    raise AssertionError(f"ltcbench {verb} reads no arguments")


def _actions(parser: argparse.ArgumentParser) -> Iterable[argparse.Action]:
    """The arguments of a parser and of its own verbs."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)


def _choices(action: argparse.Action) -> list[str]:
    """The words that an argument may be, as far as its parser names them."""
    if action.choices:
        return list(action.choices)
    metavar = str(action.metavar or "")
    if "key=value" in metavar:
        return []
    if action.dest == "experiment":
        return _names("experiment")
    return metavar.split("|") if re.fullmatch(r"[a-z]+(\|[a-z]+)+", metavar) else []


def _takes_settings(action: argparse.Action) -> bool:
    """Whether the settings of a training may stand there."""
    return not action.option_strings and "key=value" in str(action.metavar)


def tables() -> list[str]:
    """The tables of the papers, those that experiments make included."""
    return [*_names("table"), *_names("claim")]


def _names(group: str) -> list[str]:
    return sorted(path.stem for path in (places.conf() / group).glob("*.yaml"))


GROUPS = ("model", "task", "protocol", "recipe", "debug", "executor", "search", "experiment")
_SETTING = re.compile(r"^( *)([\w.]+):(.*?)(?:# (.*))?$", flags=re.MULTILINE)


def keys() -> list[str]:
    """Every group and every setting of a training."""
    return [*GROUPS, *dict.fromkeys(key for key, _, _ in _settings())]


def values(key: str) -> list[str]:
    """What a setting may be, as far as its comment in ``conf/`` names it."""
    if key in GROUPS:
        return _names(key)
    found = itertools.chain.from_iterable(_said(value, note) for name, value, note in _settings() if name == key)
    return list(dict.fromkeys(found))


def _said(value: str, note: str) -> list[str]:
    if value in ("true", "false") or "protocol.quirks" in value:
        return ["true", "false"]
    word = r"\w+(?::\d+)?(?: \([^)]*\))?"
    listed = re.search(rf"{word}(?: \| {word})+", note)
    return [one.partition(" (")[0] for one in listed[0].split(" | ")] if listed else []


def _settings() -> Iterable[tuple[str, str, str]]:
    """Key as on the command line, value and comment of every line of the settings of a training."""
    conf = places.conf()
    for file in [conf / "train.yaml", *(path for group in ("trainer", "model", "task", "executor")
                                        for path in sorted((conf / group).glob("*.yaml")))]:  # fmt: skip
        text = file.read_text(encoding="utf-8")
        above: list[str] = []
        for indent, key, value, note in _SETTING.findall(text):
            group = [] if "_global_" in text or file.parent == conf else [file.parent.name]
            above = [*above[: len(indent) // 2], key]
            path = ".".join([*group, *above])
            if value.strip() and key not in (*GROUPS, "name") and not path.startswith(("hydra", "defaults")):
                yield path, value.strip(), note
