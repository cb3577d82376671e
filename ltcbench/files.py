"""Files that are whole or not there."""

import os
from pathlib import Path

from ltcbench.errors import Failure


def write(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``, whole or not at all.

    Raises:
        Failure: the disk is full or cannot be written; what stood at ``path`` before still does.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Failure(
            f"cannot write {path} ({error.strerror}): what was there before is whole; "
            "make room or change LTCBENCH_RUNS, then run the same command again and it goes on."
        ) from None
