"""Own code is loaded: what the user named is imported once, and has to register something."""

import importlib
import sys
import traceback
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ltcbench.errors import UserError
from ltcbench.plugins import named, registered, source

_loaded: set[str] = set()


def load() -> None:
    """Import all own code that the user named and that is not imported yet.

    Raises:
        UserError: it is not there, raises, or registers nothing.
    """
    for origin in named.code():
        if origin not in _loaded:
            _loaded.add(origin)  # before, for it may ask for a model itself
            try:
                _import(origin)
            except BaseException:
                _loaded.remove(origin)
                raise


def require(code: Mapping[str, Any], **chosen: str) -> None:
    """See that the own code with which something was made is here, and what it was.

    Args:
        code: as ``registered.code`` gave it.
        chosen: the name of each kind.

    Raises:
        UserError: it is not.
    """
    if not code:
        return
    load()
    here = registered.code(**chosen)
    for kind, made in code.items():
        what, origin = f"{kind} {chosen.get(kind, '')}", _printable(made.get("from"))
        if kind not in here:
            raise UserError(
                f"{what} is own code that is not named here: write ltcbench --with {origin} before the command, or "
                f"name it in LTCBENCH_WITH or {named.FILE}."
            )
        if here[kind]["sha256"] != made.get("sha256"):
            raise UserError(
                f"the code of {what} is another now: expected what {origin} said (sha256 "
                f"{_printable(made.get('sha256'))[:12]}), got that of {here[kind]['from']} "
                f"({here[kind]['sha256'][:12]}): put it back as it was, or train again."
            )


def _printable(text: Any) -> str:
    return "".join(character if character.isprintable() else "?" for character in str(text))


def _import(origin: str) -> None:
    path = Path(origin)
    folder, name = source.module(path) if path.is_absolute() else (None, origin)
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))  # last, so that it hides nothing
    entry = _found(origin, name)
    files = source.files(entry)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # what was edited within a second must not be old
    registered.loading.append(origin)
    try:
        importlib.invalidate_caches()
        importlib.import_module(name)
    except UserError as error:
        raise UserError(f"{_place(error, files)}: {error}") from None
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        raise UserError(
            f"{_place(error, files)} raises {type(error).__name__}{f' ({said})' if said else ''} when it is imported: "
            f"mend it, or do not name {origin}."
        ) from None
    finally:
        registered.loading.pop()
        sys.dont_write_bytecode = before
    if not any(own.origin == origin or own.file in files for own in registered.REGISTERED.values()):
        raise UserError(
            f'{origin} registers nothing: expected a Cell with register("my_cell", MyCell) behind it, or a task; '
            "`ltcbench new model my_cell` writes an example."
        )


def _found(origin: str, name: str) -> Path:
    """The file or the package's folder that Python imports by a name."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise UserError(
            f"there is no module {name} to load: expected a file such as {name}.py, a folder with __init__.py in it, "
            "or an installed module; what --with, LTCBENCH_WITH, ltcbench.toml and entry points name has to be there."
        )
    found = Path(spec.origin).resolve()
    here = Path(origin)
    if here.is_absolute() and found not in (here.resolve(), here.resolve() / "__init__.py"):
        raise UserError(f"{origin} has the name of the module {found}: call it otherwise.")
    return found


def _place(error: BaseException, files: set[Path]) -> str:
    """The file and line where it went wrong: of the user's own as long as it is in there."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).resolve() in files]
    return f"{(own or frames)[-1].filename}:{(own or frames)[-1].lineno}"
