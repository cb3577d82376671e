"""The second setting of the LTC paper's person activity: sequences of person_irregular, inputs of person."""

from pathlib import Path

import numpy as np
import pytest

from ltcbench.settings import groups
from ltcbench.tasks import person_irregular, person_readings
from tests.tasks.checks import assert_form, changed, load
from tests.tasks.test_person_irregular import LINES, write


@pytest.fixture(scope="module")
def real(mirror: Path) -> dict[str, Path]:
    return {"ConfLongDemo_JSI.txt": mirror / "person" / "ConfLongDemo_JSI_first16486.txt"}


def test_sequences_are_those_of_person_irregular(real: dict[str, Path]) -> None:
    """Reading by reading, each window holds what its moments hold; the first tenth of the training part is held out."""
    moments = load(person_irregular, real, drawn_with_replacement=False)
    data = load(person_readings, real, drawn_with_replacement=False)
    assert_form(data, unlabelled=True)
    assert (len(data.train), len(data.valid), len(data.test)) == (472, 52, 131)
    for part, theirs in (("valid", moments.train), ("test", moments.test)):
        split = getattr(data, part)
        for x, mask, window, read in zip(split.x, split.mask, theirs.x, theirs.mask, strict=False):
            assert mask.sum() in (50, 51) and not x[~mask].any()
            assert (x[mask, :4].sum(1) == 1).all()
            places = x[mask, 4:]
            assert set(window[read].round(4)) >= set(places[:3].ravel().round(4))
    lengths = np.concatenate([split.mask.sum(1) for split in (data.train, data.valid, data.test)])
    assert (lengths == 51).sum() == 2 and (lengths == 50).sum() == len(lengths) - 2


def test_a_made_up_file_line_by_line(tmp_path: Path) -> None:
    """The third coordinate numbers the lines, so that a window is a run of numbers."""
    data = load(person_readings, write(tmp_path), "clean", time_steps_back=True)
    for split in (data.train, data.valid, data.test):
        for x, mask in zip(split.x, split.mask, strict=True):
            lines = x[mask, 6]
            assert (np.diff(np.sort(lines)) == 1).all() and len(set(lines // LINES)) == 1
    recordings = [set((split.x[..., 6][split.mask] // LINES).tolist()) for split in (data.train, data.valid, data.test)]
    assert recordings == [{0, 3, 4}, {1, 5}, {2, 6}]


@pytest.mark.parametrize("quirk", groups.quirks("person_readings", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path)
    assert changed(load(person_readings, files), load(person_readings, files, **{quirk: False}))
