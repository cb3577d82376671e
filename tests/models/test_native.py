"""Machine code is loaded from where nobody else could have put it, or not at all."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ltcbench.models.engines import (
    closed_form,
    ct_lstm,
    ctgru,
    gru,
    gru_d,
    gru_ode,
    lstm,
    ltc,
    native,
    ode_lstm,
    phased_lstm,
    solver,
)

pytestmark = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler")
FUNCTIONS = ("answer",)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture(autouse=True)
def _anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty home and an empty shared place for temporary files, and nothing remembered."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(native.tempfile, "tempdir", str(shared))
    for remembered in (native.library, native._fresh):
        remembered.cache_clear()
    yield
    for remembered in (native.library, native._fresh):
        remembered.cache_clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "sum.c"
    path.write_text("int answer(void) { return 42; }\n", encoding="utf-8")
    return path


def home(tmp_path: Path) -> Path:
    return tmp_path / "home" / ".cache" / "ltcbench"


def works(source: Path) -> bool:
    native.library.cache_clear()
    found = native.library(source, FUNCTIONS)
    return found is not None and found.answer() == 42


def shared(tmp_path: Path) -> Path:
    return tmp_path / "shared" / f"ltcbench-{os.geteuid()}"


def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/proc/nowhere")


def test_it_is_kept_in_the_home_folder_for_the_next_process(source: Path, tmp_path: Path) -> None:
    assert works(source)
    (built,) = home(tmp_path).glob("*.so")
    first = built.stat()
    assert works(source)
    (again,) = home(tmp_path).glob("*.so")
    assert (again.stat().st_ino, again.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert not shared(tmp_path).exists()


def test_without_a_home_the_shared_folder_is_the_users_alone(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_home(monkeypatch)
    assert works(source)
    assert stat.S_IMODE(shared(tmp_path).stat().st_mode) == 0o700
    assert list(shared(tmp_path).glob("*.so"))


@pytest.mark.parametrize(
    "kind", ["open to all", "open to a group", "link", "file", pytest.param("theirs", marks=as_root)]
)
def test_a_shared_folder_that_another_made_is_not_used(
    kind: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_home(monkeypatch)
    folder = shared(tmp_path)
    if kind == "link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    elif kind == "file":
        folder.write_text("", encoding="utf-8")
    else:
        folder.mkdir()
        folder.chmod({"open to all": 0o777, "open to a group": 0o770, "theirs": 0o755}[kind])
        if kind == "theirs":
            os.chown(folder, 12345, 12345)
    assert works(source)
    assert not list((tmp_path / "elsewhere").glob("*"))
    assert folder.is_file() or not list(folder.iterdir())
    (fresh,) = (found for found in (tmp_path / "shared").iterdir() if found != folder)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700


def test_a_home_cache_that_others_may_write_is_not_used(source: Path, tmp_path: Path) -> None:
    home(tmp_path).mkdir(parents=True)
    home(tmp_path).chmod(0o777)
    assert works(source)
    assert not list(home(tmp_path).iterdir()) and list(shared(tmp_path).glob("*.so"))


def test_a_home_that_others_may_exchange_is_not_used(source: Path, tmp_path: Path) -> None:
    (tmp_path / "home").chmod(0o777)
    assert works(source)
    assert list(shared(tmp_path).glob("*.so"))


def evil(path: Path, tmp_path: Path) -> None:
    """A library that leaves a trace as soon as it is loaded."""
    code = tmp_path / "evil.c"
    trace = tmp_path / "was here"
    code.write_text(
        f'#include <stdio.h>\n__attribute__((constructor)) void f(void) {{ fclose(fopen("{trace}", "w")); }}\n',
        encoding="utf-8",
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", path, code], check=True)


@pytest.mark.parametrize(
    "damage", ["empty", "cut off", "other code", "link", "open to all", "folder", pytest.param("theirs", marks=as_root)]
)
def test_a_library_that_is_not_what_was_compiled_is_not_loaded(damage: str, source: Path, tmp_path: Path) -> None:
    assert works(source)
    (built,) = home(tmp_path).glob("*.so")
    if damage in ("empty", "cut off"):
        part = built.read_bytes()[: 5000 if damage == "cut off" else 0]
        built.unlink()  # this process has the whole one open
        built.write_bytes(part)
        built.chmod(0o700)
    elif damage in ("open to all", "theirs"):
        built.chmod(0o777) if damage == "open to all" else os.chown(built, 12345, 12345)
    else:
        built.unlink()
        if damage == "other code":
            evil(built, tmp_path)
        elif damage == "link":
            evil(tmp_path / "evil.so", tmp_path)
            built.symlink_to(tmp_path / "evil.so")
        else:
            built.mkdir()
    if damage == "folder":
        native.library.cache_clear()
        assert native.library(source, FUNCTIONS) is None  # what stands in the way cannot be put aside
    else:
        assert works(source)
        assert works(source)
    assert not (tmp_path / "was here").exists()


def test_a_library_without_the_functions_is_a_reason_for_the_eager_engine(
    source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert native.library(source, (*FUNCTIONS, "question")) is None
    assert [record.message for record in caplog.records] == [
        "no C compiler that works here (AttributeError): a slower engine runs, ltcbench doctor says by how much."
    ]


@pytest.mark.parametrize("compiler", ["no-such-compiler", "true", "false", "gcc 'unclosed", "cp /dev/null"])
def test_a_compiler_that_does_not_work(
    compiler: str, source: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CC", compiler)
    assert native.library(source, FUNCTIONS) is None
    assert len(caplog.records) == 1


def test_a_change_of_a_header_is_a_reason_to_compile_again(source: Path, tmp_path: Path) -> None:
    header = tmp_path / "answer.h"
    source.write_text('#include "answer.h"\nint answer(void) { return ANSWER; }\n', encoding="utf-8")
    header.write_text("#define ANSWER 41\n", encoding="utf-8")
    assert not works(source)
    header.write_text("#define ANSWER 42\n", encoding="utf-8")
    assert works(source)


def test_what_is_handed_over(tmp_path: Path) -> None:
    code = tmp_path / "sum.c"
    code.write_text(
        "#include <stdint.h>\n#include <stddef.h>\n"
        "void sum(int64_t n, const int64_t *sizes, float factor, const float *x, const void *nothing, float *y) {\n"
        "    for (int64_t i = 0; i < n; i++) y[0] += nothing == NULL ? factor * x[i] * sizes[i] : 0;\n}\n",
        encoding="utf-8",
    )
    functions, y = native.library(code, ("sum",)), torch.zeros(1)
    assert functions is not None
    native.call(functions, "sum", 2, (3, 5), 0.5, torch.tensor([2.0, 4.0]), None, y)
    assert y.item() == 13
    again = native.Source(code, ("sum",)).bound("sum", 2, (3, 5), 0.5, torch.tensor([2.0, 4.0]), None, y)
    y.zero_()
    again(), again()
    assert y.item() == 26


def test_processes_that_compile_at_once(source: Path, tmp_path: Path) -> None:
    code = f"from pathlib import Path; from ltcbench.models.engines import native;\
        print(native.library(Path({str(source)!r}), ('answer',)).answer())"
    environment = {**os.environ, "TMPDIR": str(tmp_path / "shared")}
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) for _ in "123"]
    assert [process.communicate()[0].strip() for process in started] == [b"42"] * 3
    assert len(list(home(tmp_path).iterdir())) == 1


@pytest.mark.parametrize(
    "source",
    [
        closed_form.SOURCE,
        ct_lstm.SOURCE,
        ctgru.SOURCE,
        gru.SOURCE,
        gru_d.SOURCE,
        gru_ode.SOURCE,
        lstm.SOURCE,
        ltc.SOURCE,
        ode_lstm.SOURCE,
        phased_lstm.SOURCE,
        solver.SOURCE,
    ],
)
def test_every_function_that_is_called_is_there(source: native.Source) -> None:
    code = source.path.read_text(encoding="utf-8")
    assert all(f"void {function}(" in code for function in source.functions)
    assert source.serves(torch.zeros(1))
    assert not source.serves(torch.zeros(1, dtype=torch.float64))
