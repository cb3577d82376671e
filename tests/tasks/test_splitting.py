import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from ltcbench.tasks.splitting import by_content, by_name, shuffle_split


@pytest.mark.parametrize("size", [5, 99, 4000])
def test_shuffle_split_is_that_of_scikit_learn(size: int) -> None:
    expected = train_test_split(list(range(size)), train_size=0.8, random_state=42, shuffle=True)
    for got, part in zip(shuffle_split(size, 0.8, 42), expected, strict=True):
        assert got.tolist() == part


def test_names_decide_whatever_their_order() -> None:
    names = [f"patient {number}" for number in range(50)]
    valid, test = by_name(names, [0.1, 0.2])
    assert (valid.sum(), test.sum()) == (5, 10)
    assert not (valid & test).any()
    turned = [part[::-1] for part in by_name(names[::-1], [0.1, 0.2])]
    np.testing.assert_array_equal(turned, [valid, test])


def test_equal_content_stays_together() -> None:
    keys = np.random.default_rng(0).integers(0, 100, 1000)
    held_out = by_content(keys, 0.3, seed=1)
    assert len(np.unique(keys[held_out])) == 30
    assert not set(keys[held_out]) & set(keys[~held_out])
