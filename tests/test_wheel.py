"""A wheel, installed in an empty environment, works from any folder."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from .conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True, timeout=240)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_configuration_and_cards_but_no_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("conf", "datasets"):
        shipped = {name.removeprefix(f"ltcbench/{folder}/") for name in names if name.startswith(f"ltcbench/{folder}/")}
        tracked = subprocess.run(
            ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert shipped >= {name.removeprefix(f"{folder}/") for name in tracked if name.endswith(".yaml")}
        assert all(name.endswith(".yaml") for name in shipped)
    assert "ltcbench/py.typed" in names


@pytest.mark.slow
def test_an_installed_wheel_trains_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies, a gigabyte, are those of this environment; the package itself must come from the wheel.
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (Path(site) / "dependencies.pth").write_text(f"{here}\n")

    stranger = tmp_path / "elsewhere"
    stranger.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("LTCBENCH_", "PYTHON"))}
    arguments = ["train", "task=cheetah", "task.source=synthetic", "model=lstm", "debug=short"]
    done = subprocess.run(
        [str(python), "-m", "ltcbench", *arguments], cwd=stranger, env=environment, capture_output=True, text=True,
        timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (result,) = stranger.glob("runs/cheetah/lstm/*/result.json")
    assert '"status": "finished"' in result.read_text()
