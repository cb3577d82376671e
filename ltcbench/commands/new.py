"""``ltcbench new model|task NAME``: a commented file that works at once, and a test of it, to begin with."""

import keyword
import re
from importlib.util import find_spec
from pathlib import Path
from string import Template

from ltcbench import places
from ltcbench.errors import UserError, unknown
from ltcbench.files import write
from ltcbench.settings import groups
from ltcbench.terminal import Parser

KINDS = ("model", "task")
NEXT = {
    "model": "ltcbench --with {name}.py train model={name} task=xor",
    "task": "ltcbench --with {name}.py train task={name}",
}


def main(arguments: list[str]) -> int:
    """Write both files into the working folder, and say what to type next."""
    parser = Parser("ltcbench new", description=__doc__)
    parser.add_argument("kind", metavar="model|task")
    parser.add_argument("name", metavar="NAME", help="small letters, digits and _, e.g. my_cell")
    given = parser.parse_args(arguments)
    if given.kind not in KINDS:
        raise unknown("kind of file", given.kind, KINDS)
    _check(given.kind, given.name)

    names = {"name": given.name, "class": given.name.title().replace("_", "")}
    folder = Path(__file__).parent.parent / "plugins" / "templates"
    texts = {
        Path.cwd() / f"{prefix}{given.name}.py": (folder / f"{prefix}{given.kind}.txt").read_text(encoding="utf-8")
        for prefix in ("", "test_")
    }
    for path in texts:
        if path.exists():
            raise UserError(f"{path} exists and is not overwritten: choose another name, or move it away.")
    for path, text in texts.items():
        write(path, Template(text).substitute(names).encode())
        print(path)
    print(f"next: {NEXT[given.kind].format(name=given.name)}")
    return 0


def _check(kind: str, name: str) -> None:
    """See that a model or a task, and a module of Python, can have this name.

    Raises:
        UserError: it cannot.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name, flags=re.ASCII) or keyword.iskeyword(name):
        raise UserError(f"'{name}' is no name of a {kind}: expected small letters, digits and _, e.g. my_{kind}.")
    if name in groups.names(kind, places.conf()):
        raise UserError(f"the name {name} is taken by a {kind} of ltcbench: choose another one.")
    found = find_spec(name)
    if found is not None and found.origin != str(Path.cwd() / f"{name}.py"):
        raise UserError(f"a module of Python is called {name}: choose another name.")
