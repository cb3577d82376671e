"""The notebooks run from their first cell to their last; they are stored without outputs."""

import shutil
from pathlib import Path

import nbformat
import pytest

from . import blocks
from .conftest import ROOT

NOTEBOOKS = ROOT / "docs" / "notebooks"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("reproduce-a-row", ("reproduced", "[synthetic data] [cut short, 3 of 200 epochs]", "<Figure", "5 missing.")),
        ("own-data", ("without a network", "<Figure", "<Figure")),
    ],
)
def test_a_notebook(name: str, shown: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbclient import NotebookClient

    clone = tmp_path / "docs" / "notebooks"
    shutil.copytree(ROOT / "runs" / "published", tmp_path / "runs" / "published")
    clone.mkdir(parents=True)
    for key, value in blocks.environment(tmp_path).items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("LTCBENCH_MIRROR")
    book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    NotebookClient(book, timeout=200, kernel_name="python3", resources={"metadata": {"path": str(clone)}}).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    said = "".join(output.get("text") or str(output.get("data", {}).get("text/plain")) for output in outputs)
    for words in shown:
        assert words in said
        said = said.partition(words)[2]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_it_is_stored_clean(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in book.cells)
