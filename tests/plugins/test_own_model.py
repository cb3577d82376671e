"""From one file to a row of a table, as processes."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

from .conftest import Run

SHORT = ["task.source=synthetic", "trainer.epochs=1", "tracker=none"]
TRAIN = ["train", "model=my_cell", "task=cheetah", *SHORT]
ROW = ["ltc-6", "--row", "my_cell"]


def folders(tmp_path: Path) -> list[Path]:
    return sorted(path.parent for path in (tmp_path / "runs").glob("*/*/*/config.yaml"))


def test_an_own_cell_becomes_a_row_and_changed_code_a_new_run(ltcbench: Run, cell: Path, tmp_path: Path) -> None:
    (tmp_path / "ltcbench.toml").write_text('with = ["my_cells.py"]\n', encoding="utf-8")
    asked = [*ROW, "--only", "model=my_cell", "--seeds", "1", *SHORT]
    assert "1 finished." in ltcbench("reproduce", *asked).stdout  # its workers are processes of their own
    rows = {line.split()[0]: line for line in ltcbench("table", *ROW).stdout.splitlines() if line}
    assert "[cut short, 1 of 200 epochs]" in rows["my_cell"]
    assert "2.500 ± 0.140" in rows["lstm"]

    (run,) = folders(tmp_path)
    assert "done before" in ltcbench(*TRAIN).stderr
    shutil.copy(cell, run / "my_cells.py")  # lies there and is not executed
    (tmp_path / "ltcbench.toml").unlink()
    told = ltcbench("evaluate", str(run), status=2).stderr
    assert f"write ltcbench --with {cell} before" in told
    assert "the run itself said" in ltcbench("evaluate", str(run), LTCBENCH_WITH=str(cell)).stdout

    cell.write_text(cell.read_text().replace("0.5", "0.6"), encoding="utf-8")
    assert (
        "the code of model my_cell is another now"
        in ltcbench("evaluate", run.name, "--with=my_cells.py", status=2).stderr
    )
    assert "done before" not in ltcbench("--with", "my_cells.py", *TRAIN).stderr
    assert len(folders(tmp_path)) == 2


def test_the_template_of_a_model_and_all_that_its_page_says(ltcbench: Run, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    commands = [line.partition("#")[0].split()[1:] for line in page.splitlines() if line.startswith("    ltcbench ")]
    assert len(commands) == 6
    shortened = {
        "train": ["trainer.epochs=1", "tracker=none"],
        "show": ["task.source=synthetic"],
        "reproduce": ["--seeds", "1", *SHORT],
    }
    for words in commands:
        verb = words[2] if words[0] == "--with" else words[0]
        assert ltcbench(*words, *shortened.get(verb, [])).stdout or verb == "train"
    (tmp_path / "my_conf" / "recipe").mkdir(parents=True)
    recipe = "# @package _global_\n# Ours.\ntrainer:\n  learning_rate: 0.25\n"
    (tmp_path / "my_conf" / "recipe" / "cheetah-my_cell.yaml").write_text(recipe, encoding="utf-8")
    toml = "".join(f"{line.strip()}\n" for line in page.splitlines() if line.startswith(("    with", "    config-dir")))
    (tmp_path / "ltcbench.toml").write_text(toml, encoding="utf-8")
    shown = ltcbench("show", "model=my_cell", "task=cheetah", "task.source=synthetic").stdout
    assert "recipe cheetah-my_cell" in shown
    assert "learning_rate = 0.25" in shown
    assert "my_task" in ltcbench("list", "tasks").stdout
    told = ltcbench("new", "model", "my_cell", status=2).stderr
    assert "my_cell.py exists and is not overwritten" in told


def test_the_tests_of_the_templates_pass(ltcbench: Run, tmp_path: Path) -> None:
    for kind in ("model", "task"):
        ltcbench("new", kind, f"a_{kind}")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
