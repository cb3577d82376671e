import io
from pathlib import Path

import pandas as pd
import pytest

import ltcbench
from ltcbench import cli
from ltcbench.errors import UserError
from ltcbench.paper import tables
from tests.conftest import ROOT

PUBLISHED = ROOT / "runs" / "published"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))


def test_the_frame_is_the_csv(capsys: pytest.CaptureFixture[str]) -> None:
    found = ltcbench.results("ltc-6", protocol="both", source=PUBLISHED)
    assert cli.run(["table", "ltc-6", "--protocol", "both", "--format", "csv", "--from", str(PUBLISHED)]) == 0
    printed = pd.read_csv(io.StringIO(capsys.readouterr().out))
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(found.to_csv(index=False))), printed)
    assert found["ours_mean"].dtype == float
    assert found.set_index(["model", "protocol"]).loc[("ltc", "paper"), "ours_n"] == 5


def test_without_a_table_it_is_all_of_them() -> None:
    assert list(dict.fromkeys(ltcbench.results()["table"])) == tables.names()


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match="unknown table 'ltc-7'"):
        ltcbench.results("ltc-7")
    with pytest.raises(UserError, match="is not a folder"):
        ltcbench.results("ltc-6", source="/nowhere")
    with pytest.raises(AttributeError, match="no attribute 'outcomes'"):
        _ = ltcbench.outcomes
