import hashlib
import re

import pytest

from ltcbench.data import cards
from ltcbench.data.cards import Payload
from ltcbench.data.checks import combined
from ltcbench.errors import UserError

from .conftest import Shelf

TASKS_OF = {
    "cheetah": ["cheetah"],
    "gesture": ["gesture"],
    "har": ["har"],
    "imdb": ["imdb"],
    "mnist": ["smnist", "et_smnist"],
    "occupancy": ["occupancy"],
    "ozone": ["ozone"],
    "person": ["person", "person_irregular"],
    "physionet": ["physionet"],
    "power": ["power"],
    "traffic": ["traffic"],
    "walker": ["walker"],
}


def test_every_dataset_of_the_papers_has_a_card() -> None:
    assert {name: list(cards.load(name).tasks) for name in cards.names()} == TASKS_OF


@pytest.mark.parametrize("name", TASKS_OF)
def test_a_card_is_complete(name: str) -> None:
    card = cards.load(name)
    for text in (card.title, card.licence, card.citation, card.rows, card.note):
        assert isinstance(text, str) and text.strip()
    assert card.homepage.startswith("http")
    assert "official" in card.sources
    for source, downloads in card.sources.items():
        for download in downloads:
            assert bool(download.urls) == (source == "official")
            assert download.names
            for payload in download.payloads:
                assert payload.size > 0
                for checksum in (*payload.sha256, *filter(None, [payload.seen])):
                    assert re.fullmatch("[0-9a-f]{64}", checksum)
                assert payload.sha256 or payload.lines or payload.seen


@pytest.mark.parametrize("name", ["har", "person", "power"])
def test_other_sources_have_the_official_names_and_never_pass_for_them(name: str) -> None:
    card = cards.load(name)
    [other] = set(card.sources) - {"official"}
    official = {payload.name: payload for payload in card.payloads("official")}
    assert [payload.name for payload in card.payloads(other)] == list(official)
    differ = [payload for payload in card.payloads(other) if payload != official[payload.name]]
    assert differ
    for payload in differ:
        genuine = official[payload.name]
        assert not set(payload.sha256) & set(genuine.sha256)
        assert genuine.sha256 or payload.lines != genuine.lines


def test_names_in_a_mirror_come_from_the_urls() -> None:
    [download] = cards.load("har").downloads("official")
    assert download.names == ("human+activity+recognition+using+smartphones.zip", "UCI HAR Dataset.zip")


def test_unknown_names_are_told() -> None:
    with pytest.raises(UserError, match="unknown dataset 'hra': did you mean har"):
        cards.load("hra")
    with pytest.raises(UserError, match="unknown source of ozone 'subset': expected one of official"):
        cards.load("ozone").downloads("subset")


def test_matching() -> None:
    records = Payload("set-a/[0-9]*.txt", size=1)
    assert records.matches("deep/set-a/132539.txt") == "set-a/132539.txt"
    assert records.matches("set-a/deep/132539.txt") is None
    assert records.matches("set-a/._132539.txt") is None
    assert Payload("a.csv.gz", size=1).matches("b/a.csv") == "a.csv.gz"
    assert Payload("a.csv", size=1).matches("b/a.csv.gz") is None


def test_the_checksum_of_a_set_is_that_of_sha256sum() -> None:
    assert combined({"one": "ab"}) == "ab"
    assert combined({"b": "22", "a": "11"}) == hashlib.sha256(b"11  a\n22  b\n").hexdigest()


CARD = """\
title: t
homepage: h
licence: l
citation: c
rows: r
note: n
tasks: [x]
sources: {official: [{urls: [http://x/a.csv], files: {a.csv: {size: 3, lines: 1, sha256: ab}}}]}
"""


@pytest.mark.parametrize(
    "text",
    ["", "\0" * 50, "[]", "3", "hello", CARD[:-20], CARD.replace("title: t", ""), CARD.replace("title: t", "title: 3"),
     CARD.replace("size: 3", "size: x"), CARD.replace("size: 3", "size: true"), CARD.replace("lines: 1", "rows: 1"),
     CARD.replace("ab}", "[1]}"), CARD.replace("[http://x/a.csv]", "[3]"), CARD.replace("{a.csv:", "{3:"),
     CARD.replace("files:", "file:"), CARD.replace("[x]", "3"), CARD + "more: x\n",
     CARD.replace("note: n", "note: &n n")],
)  # fmt: skip
def test_a_damaged_card_is_told_with_its_name(text: str, shelf: Shelf) -> None:
    path = shelf.folder / "mine.yaml"
    path.write_text(CARD)
    assert cards.load("mine").size("official") == 3
    path.write_text(text)
    with pytest.raises(UserError, match=f"^{path} is not a dataset card") as caught:
        cards.load("mine")
    assert "\n" not in str(caught.value)
