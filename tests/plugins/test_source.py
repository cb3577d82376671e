from pathlib import Path

from ltcbench.plugins import source


def written(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path.resolve()


def test_what_a_file_imports_from_its_own_folder_belongs_to_it(tmp_path: Path) -> None:
    far = written(tmp_path / "far.py")
    near = written(tmp_path / "near.py", "def f():\n    from far import x\n")
    inner = written(tmp_path / "parts" / "__init__.py")
    deep = written(tmp_path / "parts" / "deep.py")
    written(tmp_path / "other.py")
    entry = written(tmp_path / "cells.py", "import torch, near\nimport parts.deep\n")
    assert source.files(entry) == {entry, near, far, inner, deep}


def test_a_package_belongs_as_a_whole(tmp_path: Path) -> None:
    top = written(tmp_path / "own" / "__init__.py")
    cells = written(tmp_path / "own" / "models" / "cells.py")
    models = written(tmp_path / "own" / "models" / "__init__.py")
    for entry in (top.parent, models.parent, cells):
        assert source.files(entry) == {top, models, cells}
    assert source.module(cells) == (tmp_path.resolve(), "own.models.cells")
    assert source.module(models.parent) == (tmp_path.resolve(), "own.models")


def test_a_digest_is_of_what_the_files_say(tmp_path: Path) -> None:
    one, two = written(tmp_path / "a.py", "x = 1\n"), written(tmp_path / "b" / "c.py", "x = 1\n")
    assert source.digest([one]) == source.digest([two])
    written(two, "x = 2\n")
    assert source.digest([one]) != source.digest([two])
    assert source.digest([one, two]) == source.digest([two, one])
