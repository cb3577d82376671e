import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ltcbench import cli
from ltcbench.commands import completion
from ltcbench.settings import composition, groups

HEAVY = ("torch", "pandas", "mlflow", "hydra", "numpy", "requests")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tra", ["train"]),
        ("tabl", ["table"]),
        ("train model.backbone_u", ["model.backbone_units="]),
        ("train model=ltc_", ["model=ltc_euler", "model=ltc_ode", "model=ltc_rk4"]),
        ("train -m model=cfc,lst", ["model=cfc,lstm"]),
        ("train trainer.optimizer=adam", [f"trainer.optimizer={name}" for name in ("adam", "adamw", "adamax")]),
        ("train engine=", ["engine=auto", "engine=eager", "engine=compiled", "engine=fused"]),
        ("show task.quirks.random_split=", ["task.quirks.random_split=true", "task.quirks.random_split=false"]),
        ("table ltc-3 --format ", ["term", "md", "tex", "csv", "html"]),
        ("table ltc-3 --la", ["--layout"]),
        ("table cfc-t", ["cfc-tightness"]),
        ("reproduce executor.part", ["executor.partition="]),
        ("reproduce executor=s", ["executor=slurm"]),
        ("list ta", ["tasks", "tables"]),
        ("data f", ["fetch"]),
        ("experiment dep", ["depth"]),
        ("export --to ", ["torch", "onnx", "safetensors"]),
        ("nonsense x", []),
        ("predict x", []),
    ],
)
def test_what_a_word_may_become(line: str, words: list[str]) -> None:
    assert completion.candidates(line.split(" ")) == words


def test_every_verb_has_a_parser_or_takes_settings_alone() -> None:
    for verb in cli.COMMANDS:
        if verb != "show":
            assert completion.parser(verb).prog == f"ltcbench {verb}"


def test_every_group_and_setting_of_a_training_is_a_key() -> None:
    wanted = {key for key in composition._settings() if not key.endswith(".name") and key != "protocol.quirks"}
    assert len(wanted) > 40
    assert wanted <= set(completion.keys()) | {"debug"}
    assert completion.values("task") == groups.names("task")


def test_every_choice_that_is_named_is_one() -> None:
    """What the comments offer composes."""
    for key in ("trainer.optimizer", "engine", "precision", "tracker", "model.flavour"):
        found = completion.values(key)
        assert len(found) > 1
        for value in found:
            composition.composed([f"{key}={value}"])


def test_it_asks_no_heavy_module() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ltcbench", "completion", "words", "--", "train", "model=c"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split()[:2] == ["model=cfc", "model=cfc_mm"]
    assert not {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()} & set(HEAVY)


def test_another_shell_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["completion", "zhs"]) == 2
    assert "unknown shell 'zhs': did you mean zsh" in capsys.readouterr().err


ASK = {
    "bash": """source {script}; COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMPREPLY=()
        _ltcbench 2>/dev/null; printf '%s\\n' "${{COMPREPLY[@]}}" """,
    # Outside its line editor zsh knows no compadd: one that prints what it is given stands for it.
    "zsh": """compdef() {{ }}; _files() {{ }}; compadd() {{ print -l -- ${{(P)@[-1]}} }}
        source {script}; line='{line}'; words=(${{(s: :)line}}); [[ $line == *' ' ]] && words+=(''); CURRENT=$#words
        _ltcbench""",
    "fish": "source {script}; complete -C '{line}'",
}


@pytest.mark.parametrize("shell", completion.SCRIPTS)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ltcbench mer", ["merge"]),
        ("ltcbench train model=ltc_", ["model=ltc_euler", "model=ltc_ode", "model=ltc_rk4"]),
        ("ltcbench train trainer.opt", ["trainer.optimizer="]),
        ("ltcbench list ", ["models", "tasks", "tables", "experiments"]),
    ],
)
def test_in_a_real_shell(
    tmp_path: Path, shell: str, line: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    program = tmp_path / "ltcbench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ltcbench "$@"\n')
    program.chmod(0o755)
    assert cli.run(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *quiet, "-c", ASK[shell].format(script=script, line=line)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    if shell == "bash":  # takes what stands behind the = for the word
        words = [word.partition("=")[2] or word for word in words]
    found = [text.partition("\t")[0] for text in done.stdout.splitlines() if text]
    assert sorted(found) == sorted(words), done.stderr
