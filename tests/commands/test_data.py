import subprocess
import sys
from pathlib import Path

import pytest

from ltcbench.commands.data import VERBS, main
from ltcbench.errors import UserError

ROWS = b"".join(b"%d\n" % i for i in range(10))


@pytest.fixture(autouse=True)
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.delenv("LTCBENCH_MIRROR", raising=False)

    def nobody(*_: object, **__: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr("socket.getaddrinfo", nobody)
    return tmp_path / "datasets" / "raw"


def sentence(*argv: str) -> str:
    with pytest.raises(UserError) as error:
        main(list(argv))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["dataset", "size", "here", "licence", "title"]
    assert len(lines) == 12
    assert lines[0].split(maxsplit=5) == ["cheetah", "4.2", "MB", "-", "Apache-2.0", "Half-Cheetah rollouts"]


@pytest.mark.parametrize("name, card", [("har", "har"), ("et_smnist", "mnist"), ("person_irregular", "person")])
def test_show(name: str, card: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", name]) == 0
    out = capsys.readouterr().out
    assert f"({card})" in out
    for words in ("licence", "citation", "official, ", "from http", "bytes"):
        assert words in out


@pytest.mark.parametrize("verb", [["show"], ["fetch"], ["verify"], ["import", "file"]])
@pytest.mark.parametrize("task", ["xor", "xor_dense"])
def test_computed_tasks_need_no_data(verb: list[str], task: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb[0], task, *verb[1:]]) == 0
    assert capsys.readouterr().out == f"{task} is computed: it needs no data.\n"


def test_fetch_verify_list(mirror: Path, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "person_irregular", "--source", "subset", "--mirror", str(mirror)]) == 0
    assert capsys.readouterr().out == f"person (subset): 1 files checked, in {raw / 'person' / 'subset'}\n"

    assert main(["verify", "person"]) == 0
    assert "  ok       ConfLongDemo_JSI.txt\n" in capsys.readouterr().out

    main(["list"])
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("person")]
    assert line.split()[3] == "subset"

    (raw / "person" / "subset" / "ConfLongDemo_JSI.txt").write_bytes(b"damaged")
    assert main(["verify", "person"]) == 1
    assert "  damaged  ConfLongDemo_JSI.txt: has 7 bytes, expected 2148813" in capsys.readouterr().out


def test_verify_of_what_is_not_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "occupancy"]) == 1
    assert capsys.readouterr().out.count("  missing  ") == 3


def test_import(mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "occupancy", str(mirror / "occupancy" / "datatest.txt")]) == 0
    assert capsys.readouterr().out.endswith("still missing: datatraining.txt, datatest2.txt\n")
    assert main(["import", "occupancy", str(mirror / "occupancy")]) == 0
    assert capsys.readouterr().out == "occupancy (official): checked and in place\n"
    assert main(["verify", "occupancy"]) == 0


def test_import_of_a_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "eighthr.data").write_bytes(ROWS)
    assert "eighthr.data has 20 bytes, expected 818329" in sentence("import", "ozone", str(tmp_path / "eighthr.data"))


@pytest.mark.parametrize(
    "argv, words",
    [
        ([], "the following arguments are required: COMMAND"),
        (["fetxh", "har"], "unknown data command 'fetxh': did you mean fetch"),
        (["fetch"], "the following arguments are required: TASK"),
        (["fetch", "traffik"], "unknown dataset or task 'traffik': did you mean traffic"),
        (
            ["fetch", "har", "--source", "subset"],
            "unknown source of har 'subset': expected one of official, recomputed",
        ),
        (["fetch", "har", "--miror", "x"], "unrecognized arguments: --miror x"),
        (["fetch", "traffic", "--mirror", "/no/such"], "the mirror /no/such does not exist"),
        (["fetch", "traffic"], "`ltcbench data import traffic FILE`"),
        (["import", "traffic", "/no/such"], "/no/such does not exist"),
    ],
)
def test_mistakes(argv: list[str], words: str) -> None:
    assert words in sentence(*argv)


def test_help_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert all(f"    {verb} " in out for verb in VERBS)


def test_nothing_heavy_is_imported() -> None:
    heavy = ("torch", "pandas", "numpy", "requests")
    script = f"import sys, ltcbench.commands.data; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
