"""Every dataset of a real mirror, with the right source and checksums."""

from pathlib import Path

import pytest

from ltcbench.data import cards, store
from ltcbench.errors import UserError

EXPECTED = {  # number of files
    ("cheetah", "official"): 31,
    ("gesture", "official"): 7,
    ("har", "recomputed"): 6,
    ("imdb", "official"): 1,
    ("mnist", "official"): 4,
    ("occupancy", "official"): 3,
    ("ozone", "official"): 1,
    ("person", "subset"): 1,
    ("physionet", "official"): 4001,
    ("power", "subset"): 1,
    ("traffic", "official"): 1,
    ("walker", "official"): 400,
}


@pytest.mark.parametrize("name, source", EXPECTED)
def test_dataset(mirror: Path, name: str, source: str) -> None:
    data = store.fetch(name, source, str(mirror))
    assert (data.source, len(data.files)) == (source, EXPECTED[name, source])
    assert all(path.is_file() for path in data.files.values())
    for payload in cards.load(name).payloads(source):
        checksum = data.checksums[payload.name]
        assert checksum in payload.sha256 or checksum == payload.seen
    assert store.is_ready(cards.load(name), source)
    assert store.fetch(name, source) == data


@pytest.mark.parametrize("name, source", [("har", "recomputed"), ("person", "subset"), ("power", "subset")])
def test_nothing_passes_for_the_official_data(
    mirror: Path, name: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr("socket.getaddrinfo", nobody)
    with pytest.raises(UserError, match=f"task.source={source}"):
        store.fetch(name, mirror=str(mirror))
