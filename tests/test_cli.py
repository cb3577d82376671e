import subprocess
import sys

import pytest

from ltcbench import cli

HEAVY = ("torch", "pandas", "mlflow", "hydra", "numpy", "omegaconf", "requests")


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ltcbench", "--help"], capture_output=True, text=True, check=True
    )
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & set(HEAVY)
    assert all(f"  {name} " in done.stdout for name in cli.COMMANDS)


def test_every_command_exists() -> None:
    from importlib import import_module

    for name in cli.COMMANDS:
        assert callable(import_module(f"ltcbench.commands.{name}").main)


@pytest.mark.parametrize(("verb", "hint"), [("trian", "did you mean train"), ("frobnicate", "expected one of train")])
def test_an_unknown_command_gets_the_nearest_names(capsys: pytest.CaptureFixture[str], verb: str, hint: str) -> None:
    assert cli.run([verb]) == 2
    assert hint in capsys.readouterr().err


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 0
    assert "usage: ltcbench COMMAND" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.strip()
