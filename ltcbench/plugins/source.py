"""The source of own code: which files belong to it, and a digest of what they say.

A package belongs as a whole. To a file belong the files and packages beside it that it imports, however deep; what is
installed elsewhere does not. Nothing is executed to find that out.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path


def files(entry: Path) -> set[Path]:
    """The files that belong to a file, or to a package (its folder)."""
    package = _package(entry)
    if package is not None:
        return {path.resolve() for path in package.rglob("*.py")}
    found, waiting = set[Path](), [entry.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _beside(path)
    return found


def digest(paths: Iterable[Path]) -> str:
    """SHA-256 of what the files say, whatever they are called."""
    each = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    return hashlib.sha256("".join(each).encode()).hexdigest()


def module(entry: Path) -> tuple[Path, str]:
    """The folder from which Python imports a file or package, and the name under which it does."""
    path = entry.resolve()
    names, folder = [path.stem if path.is_file() else path.name], path.parent
    if names == ["__init__"]:
        names = []
    while (folder / "__init__.py").is_file():
        names, folder = [folder.name, *names], folder.parent
    return folder, ".".join(names)


def _package(entry: Path) -> Path | None:
    """The outermost package that an entry is, or lies in."""
    path = entry.resolve() if entry.is_dir() else entry.resolve().parent
    found = None
    while (path / "__init__.py").is_file():
        found, path = path, path.parent
    return found


def _beside(path: Path) -> Iterator[Path]:
    """The files that a file imports from its own folder."""
    try:
        nodes = ast.walk(ast.parse(path.read_bytes()))
    except (SyntaxError, ValueError):  # told when it is executed
        return
    for node in nodes:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            own = path.parent / name.split(".")[0]
            if own.with_suffix(".py").is_file():
                yield own.with_suffix(".py").resolve()
            elif (own / "__init__.py").is_file():
                yield from (inner.resolve() for inner in own.rglob("*.py"))
