from pathlib import Path

import pytest

from ltcbench.commands import doctor
from ltcbench.models.engines import native


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_a_whole_installation_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main([]) == 0
    out = capsys.readouterr().out
    assert "all well." in out
    assert all(f"  {name} " in out for name in doctor.NEEDED)


@pytest.mark.parametrize("compiler", [True, False])
def test_what_is_slower_without_a_compiler_is_named(
    compiler: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "library", lambda *_: object() if compiler else None)
    assert doctor.main([]) == 0
    expected = "C compiler: works\n" if compiler else "C compiler: none that works here; slower on the CPU: ltc about"
    assert expected in capsys.readouterr().out


def test_the_store_of_mlflow_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    doctor.main([])
    assert "runs/mlflow.db\n" in capsys.readouterr().out
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:5000")
    doctor.main([])
    assert "MLflow store: http://host:5000\n" in capsys.readouterr().out


def test_a_missing_package_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEEDED", (*doctor.NEEDED, "no-such-package"))
    assert doctor.main([]) == 1
    assert "problem: no-such-package is missing" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", "/proc/nowhere")
    assert doctor.main([]) == 1
    assert "set LTCBENCH_RUNS" in capsys.readouterr().out
