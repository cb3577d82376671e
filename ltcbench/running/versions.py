"""What a run was made with: versions and the state of the source tree."""

import platform
import subprocess
from importlib import metadata

from ltcbench import __version__, places


def versions() -> dict[str, str | None]:
    """Versions of Python, torch and ltcbench, the git commit (``+dirty`` with uncommitted changes) and the machine."""
    return {
        "python": platform.python_version(),
        "torch": metadata.version("torch"),  # the same as torch.__version__, without seconds of import
        "ltcbench": __version__,
        "git": _git(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _git() -> str | None:
    """Commit of the checkout that the package runs from, None where it is installed without one."""
    root = places.PACKAGE.parent
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty=+dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):  # no git, or no commit yet
        return None
