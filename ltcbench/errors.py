"""The one exception that users see: a mistake of theirs, told in one sentence."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake that the user can mend.

    The message is one sentence: what was got, what was expected, what to do. The command line prints it without
    a traceback and exits with status 2. Anything else that escapes is a bug and keeps its traceback.
    """


def unknown(what: str, name: str, valid: Iterable[str]) -> UserError:
    """The error for a name that does not exist, with the nearest valid names.

    Args:
        what: the kind of thing, e.g. ``"model"``.
        name: what the user wrote.
        valid: every name that would have been right.
    """
    names = sorted(valid)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or [valid for valid in names if name in valid][:3]
    hint = (
        f"did you mean {' or '.join(near)}"
        if near
        else f"expected one of {', '.join(names)}"
        if names
        else "there is none"
    )
    return UserError(f"unknown {what} '{name}': {hint}.")


class Failure(UserError):
    """A job that could not end well through no mistake in the command, e.g. a full disk: one sentence, status 1."""


class Interrupted(Exception):
    """The user or the system stopped the job; it can be resumed. Exit status 130."""
