import hashlib
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from ltcbench.settings import groups
from ltcbench.tasks import bits, xor, xor_dense
from ltcbench.tasks.sequences import SequenceData, Split
from tests.tasks.checks import assert_form, changed, load

TASKS = pytest.mark.parametrize("task", [xor, xor_dense], ids=["xor", "xor_dense"])
SHA256 = {  # of all bits of all sequences, each with a byte 255 behind it, drawn one by one with randint
    bits.TRAIN_SEED: "a248a023edeb452d36e5b0afa7ee697cd375113978af817fd51b669bec606247",
    bits.TEST_SEED: "d35dc5795dccf0ff52d1e4246597c843b659f5dac5a905b6ff5261ff7e4ba0cd",
}


def drawn_one_by_one(seed: int, size: int) -> Iterator[list[int]]:
    rng = np.random.RandomState(seed)
    for _ in range(size):
        length = rng.randint(low=2, high=32)
        yield [int(rng.randint(low=0, high=2)) for _ in range(length)]


def authors(task: ModuleType, seed: int, size: int) -> tuple[list[np.ndarray], ...]:
    """Events, elapsed times, masks and labels, sequence by sequence and bit by bit."""
    made: tuple[list[np.ndarray], ...] = ([], [], [], [])
    for sequence in drawn_one_by_one(seed, size):
        x, elapsed, mask = np.zeros((32, 1), np.float32), np.zeros(32, np.float32), np.zeros(32, bool)
        written = waited = 0
        before = -1
        for bit in sequence:
            waited += 1
            if task is xor_dense or bit != before:
                x[written], elapsed[written], mask[written] = bit, waited, True
                written += 1
                waited = 0
            before = bit
        if waited:
            x[written], elapsed[written], mask[written] = before, waited, True
        for made_so_far, new in zip(made, (x, elapsed / 32, mask, sum(sequence) % 2), strict=True):
            made_so_far.append(new)
    return made


def sequences(split: Split) -> list[bytes]:
    return [x.tobytes() + elapsed.tobytes() for x, elapsed in zip(split.x, split.elapsed, strict=True)]


@pytest.fixture(scope="module")
def paper() -> dict[ModuleType, SequenceData]:
    return {task: load(task, {}) for task in (xor, xor_dense)}


@pytest.fixture(scope="module")
def clean() -> dict[ModuleType, SequenceData]:
    return {task: load(task, {}, "clean") for task in (xor, xor_dense)}


@pytest.mark.parametrize("seed", [0, 1, 2, 3, bits.TRAIN_SEED])
def test_bits_are_drawn_as_one_by_one(seed: int) -> None:
    values, lengths = bits.draw(300, seed)
    for sequence, row, length in zip(drawn_one_by_one(seed, 300), values, lengths, strict=True):
        assert row[:length].tolist() == sequence
        assert not row[length:].any()


@pytest.mark.parametrize(("seed", "size"), [(bits.TRAIN_SEED, bits.TRAIN), (bits.TEST_SEED, bits.TEST)])
def test_all_bits_are_drawn_as_one_by_one(seed: int, size: int) -> None:
    digest = hashlib.sha256()
    for row, length in zip(*bits.draw(size, seed), strict=True):
        digest.update(row[:length].tobytes() + b"\xff")
    assert digest.hexdigest() == SHA256[seed]


@TASKS
@pytest.mark.parametrize(("part", "seed", "size"), [("train", 1234984, 3000), ("test", 48736, 10_000)])
def test_paper_is_the_authors_loader(
    paper: dict[ModuleType, SequenceData], task: ModuleType, part: str, seed: int, size: int
) -> None:
    split = getattr(paper[task], part)
    for got, expected in zip((split.x, split.elapsed, split.mask, split.y), authors(task, seed, size), strict=True):
        np.testing.assert_array_equal(got[:size], expected)


@TASKS
def test_paper_has_the_published_counts(paper: dict[ModuleType, SequenceData], task: ModuleType) -> None:
    data = paper[task]
    assert (len(data.train), len(data.test)) == (100_000, 10_000) and data.spec.sizes == (100_000, 0, 10_000)
    assert data.valid is None and data.selection == "last"
    assert (data.test.y == 0).mean() == 0.4911
    if task is xor:
        assert data.train.mask.sum(1).mean().round(1) == 9.3
        train = set(sequences(data.train))
        assert np.mean([sequence in train for sequence in sequences(data.test)]) == 0.3605


@TASKS
@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_form(request: pytest.FixtureRequest, task: ModuleType, protocol: str) -> None:
    data = request.getfixturevalue(protocol)[task]
    assert_form(data)
    assert all(split.mask.shape == (len(split), 32) for split in filter(None, (data.train, data.valid, data.test)))


@TASKS
def test_clean_shares_no_sequence(clean: dict[ModuleType, SequenceData], task: ModuleType) -> None:
    data = clean[task]
    train, valid, test = (set(sequences(split)) for split in (data.train, data.valid, data.test))
    assert not train & test and not valid & test and not train & valid
    assert data.selection == "best"
    assert 0.09 < len(data.valid) / (len(data.train) + len(data.valid)) < 0.11


def test_both_tasks_are_the_same_sequences(clean: dict[ModuleType, SequenceData]) -> None:
    for part in ("train", "valid", "test"):
        events, dense = getattr(clean[xor], part), getattr(clean[xor_dense], part)
        np.testing.assert_array_equal(events.y, dense.y)
        np.testing.assert_array_equal(events.elapsed.sum(1) * 32, dense.mask.sum(1))


@pytest.mark.parametrize("quirk", groups.quirks("xor", "paper"))
def test_each_quirk_changes_the_data(paper: dict[ModuleType, SequenceData], quirk: str) -> None:
    assert changed(paper[xor], load(xor, {}, **{quirk: False}))
