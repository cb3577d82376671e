import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ltcbench import cli
from ltcbench.data import cards
from ltcbench.paper import references, tables


def test_every_card_has_an_entry_that_says_what_the_card_says() -> None:
    found = references.entries()
    assert list(found)[:2] == list(references.PAPERS)
    assert sorted(set(found) - set(references.PAPERS)) == sorted(cards.names())
    for name in cards.names():
        card = cards.load(name)
        said = " ".join(card.citation.split())
        (authors,), (title,), (year,) = (
            re.findall(rf"^  {key} = \{{+(.*?)\}}+,?$", found[name], flags=re.MULTILINE)
            for key in ("author", "title", "year")
        )
        assert title in said and year in said, name
        names = [author.partition(",")[0] for author in authors.split(" and ")]
        assert all(author in said for author in names)
        assert len(names) == said.partition(f": {title}")[0].count(",") + 1


def test_a_table_names_its_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["cite", "ltc-3"]) == 0
    keys = re.findall(r"^@\w+\{(\w+),$", capsys.readouterr().out, flags=re.MULTILINE)
    assert keys == ["ltc", "cfc", "gesture", "har", "mnist", "occupancy", "ozone", "power", "traffic"]
    assert set(references.behind("ltc-2")) == {"ltc", "cfc"}
    assert cli.run(["cite", "ltc-9"]) == 2
    assert "unknown table 'ltc-9'" in capsys.readouterr().err


def test_every_dataset_is_behind_some_table() -> None:
    assert {key for name in tables.names() for key in references.behind(name)} == set(references.entries())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bibtex") is None, reason="no BibTeX")
def test_bibtex_reads_every_entry(tmp_path: Path) -> None:
    (tmp_path / "all.bib").write_text("\n".join(references.entries().values()))
    (tmp_path / "all.aux").write_text("\\citation{*}\n\\bibdata{all}\n\\bibstyle{plain}\n")
    done = subprocess.run(["bibtex", "all"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "Warning" not in done.stdout
