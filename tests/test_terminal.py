"""What a terminal shows whose encoding lacks characters."""

import os
import subprocess
import sys

import pytest

from ltcbench import terminal

TEXT = "± – × … τ Ω ü ² · → ? 日 \udcff"
PRINT = f"import sys; from ltcbench import terminal; terminal.never_fail_to_print(); text = {TEXT!a}\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8", "cp437"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_any_text_is_printed_in_any_encoding(encoding: str, stream: str) -> None:
    script = f"{PRINT}print(text, file=sys.{stream})"
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    shown = getattr(done, stream).decode(encoding).strip()
    if encoding == "ascii":
        assert shown == "+- - x ... tau Omega u 2 * -> ? ? ?"
    if encoding == "utf-8":
        assert shown == TEXT.replace("\udcff", "?")


def test_the_error_handler_is_for_encoding_only() -> None:
    terminal.never_fail_to_print()
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", errors="ltcbench.substitute")


@pytest.mark.parametrize("arguments", [["table", "ltc-6"], ["table", "ltc-6", "--format", "tex"], ["list", "models"]])
@pytest.mark.parametrize(
    "locale",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["ascii", "C"],
)
def test_commands_print_everything(arguments: list[str], locale: dict[str, str]) -> None:
    command = [sys.executable, "-m", "ltcbench", *arguments]
    done = subprocess.run(command, env={**os.environ, **locale}, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii() and done.stdout
