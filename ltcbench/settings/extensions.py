"""Own models, tasks and folders of configuration as groups of the configuration, beside those of ``conf/``."""

from pathlib import Path
from typing import TYPE_CHECKING

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.plugins import loading, named
from ltcbench.plugins.registered import REGISTERED

if TYPE_CHECKING:
    from hydra.core.config_search_path import ConfigSearchPath


def prepare() -> None:
    """Load all own code that the user named, and let Hydra know it and the folders of configuration; once is enough.

    Raises:
        UserError: something of it is not right, or has a name that one of ours has.
    """
    folders, code = named.folders(), named.code()
    for folder in folders:
        _check(folder)
    loading.load()
    if code or folders:
        _tell_hydra()


def _check(folder: Path) -> None:
    """See that nothing in a folder has the name of something of ours, which Hydra would take instead."""
    for path in sorted(folder.glob("*/*.yaml")):
        if (places.conf() / path.relative_to(folder)).is_file():
            raise UserError(f"{path} has the name of a {path.parent.name} of ltcbench: call it otherwise.")


def _tell_hydra() -> None:
    from hydra.core.config_store import ConfigStore
    from hydra.core.plugins import Plugins
    from hydra.plugins.search_path_plugin import SearchPathPlugin

    class Folders(SearchPathPlugin):
        """Hydra looks into the folders as well."""

        def manipulate_search_path(self, search_path: "ConfigSearchPath") -> None:
            for folder in named.folders():
                search_path.append("ltcbench", str(folder))

    Plugins.instance().register(Folders)
    for own in REGISTERED.values():
        ConfigStore.instance().store(own.name, dict(own.settings), group=own.kind, package="_global_")
