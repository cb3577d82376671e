"""What stands in the groups of ``conf/``: names, comments, the quirks of a task."""

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from omegaconf import DictConfig, OmegaConf

from ltcbench import places
from ltcbench.errors import unknown
from ltcbench.plugins import named, registered


def names(group: str, folder: Path | None = None) -> list[str]:
    """Names of the options of a configuration group, e.g. ``names("task")``: ours and the user's, or of one folder."""
    folders = [places.conf(), *named.folders()] if folder is None else [folder]
    files = (path.stem for one in folders for path in (one / group).glob("*.yaml"))
    return sorted({*files, *(registered.names(group) if folder is None else ())})


def file(group: str, name: str) -> Path:
    """The configuration file of an option, ours or in a folder of the user's."""
    paths = [folder / group / f"{name}.yaml" for folder in (places.conf(), *named.folders())]
    return next((path for path in paths if path.is_file()), paths[0])


def _text(group: str, name: str) -> str:
    own = registered.REGISTERED.get((group, name))
    return own.text if own else file(group, name).read_text(encoding="utf-8")


def comment(group: str, name: str) -> str:
    """The comment at the head of a configuration file, without marks."""
    lines = _text(group, name).splitlines()
    head = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.lstrip("# ") for line in head if not line.startswith("# @package"))


def quirks(task: str, protocol: str, by_hand: Mapping[str, bool] | None = None) -> dict[str, bool]:
    """Every switch of ``task``, as ``protocol`` says unless it is set by hand.

    Raises:
        UserError: unknown protocol or switch.
    """
    if protocol not in names("protocol"):
        raise unknown("protocol", protocol, names("protocol"))
    own = registered.REGISTERED.get(("task", task))
    cfg = cast(DictConfig, OmegaConf.create(dict(own.settings)) if own else OmegaConf.load(file("task", task)))
    cfg.protocol = OmegaConf.load(places.conf() / "protocol" / f"{protocol}.yaml")
    switches = cast(dict[str, bool], OmegaConf.to_container(cfg.task.quirks, resolve=True))
    for name, value in (by_hand or {}).items():
        if name not in switches:
            raise unknown(f"quirk of {task}", name, switches)
        switches[name] = value
    return switches


def quirk_notes(task: str) -> dict[str, str]:
    """What each switch of ``task`` does: the comment beside it in ``conf/task/<task>.yaml``."""
    text = _text("task", task)
    return dict(re.findall(r"^    (\w+): .*?# (.*)$", text, flags=re.MULTILINE))


def experiment_notes(name: str) -> dict[str, str]:
    """What each setting of an experiment does, quirks as ``quirks.<name>``: the comments in its configuration file."""
    text = (places.conf() / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")
    found = re.findall(r"^( *)(\w+):.*?# (.*)$", text, flags=re.MULTILINE)
    return {f"quirks.{key}" if indent else key: note for indent, key, note in found}
