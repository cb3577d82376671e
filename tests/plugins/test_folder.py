"""Tables, searches and recipes from a folder of the user's own."""

from pathlib import Path

import pytest

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.paper import tables
from ltcbench.running.tuning import space
from ltcbench.settings import extensions, groups


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Named by the variable; with a comma, which its path may have."""
    own = tmp_path / "mine, too"
    for group in ("table", "search", "recipe"):
        (own / group).mkdir(parents=True)
    monkeypatch.setenv("LTCBENCH_CONFIG_DIR", str(own))
    return own


def test_a_table_and_a_search(folder: Path) -> None:
    text = (places.conf() / "table" / "ltc-6.yaml").read_text(encoding="utf-8")
    (folder / "table" / "my-table.yaml").write_text(text, encoding="utf-8")
    (folder / "search" / "rates.yaml").write_text("model.rate: [0.1, 0.5]\n", encoding="utf-8")
    assert "my-table" in tables.names()
    assert tables.table("my-table").columns == tables.table("ltc-6").columns
    assert space.read("rates") == {"model.rate": space.Choices((0.1, 0.5))}
    assert "rates" in groups.names("search")


def test_a_name_that_ours_has(folder: Path) -> None:
    (folder / "recipe" / "quick.yaml").touch()
    with pytest.raises(UserError, match=r"recipe/quick\.yaml has the name of a recipe of ltcbench: call it otherwise"):
        extensions.prepare()
