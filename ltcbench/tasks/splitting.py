"""Who goes where: splits by name and by content, so that nothing is in two parts at once."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ltcbench.tasks.sequences import Array


def shuffle_split(size: int, train: float, seed: int) -> tuple[Array, Array]:
    """Positions (train, test) of ``size`` items: a permutation whose beginning is the test set.

    The same as scikit-learn's ``train_test_split(items, train_size=train, random_state=seed)``, which the authors use.
    """
    order = np.random.RandomState(seed).permutation(size)
    test_size = size - int(train * size)
    return order[test_size:], order[:test_size]


def by_name(names: Sequence[str], shares: Sequence[float], strata: Array | None = None) -> list[Array]:
    """Which of ``names`` (True) fall to each of the ``shares``; the rest is left over.

    The names are ordered by their hash, so the result depends on the names alone, not on the order they come in.

    Args:
        names: distinct names.
        shares: parts of the whole, each rounded to a whole number of names.
        strata: a number for each name (N,); the names of one number are spread evenly over the order, so each share
            has as many of them as it can have. None: all are one.

    Returns:
        a bool array (N,) for each share, no two True at the same place.
    """
    order = np.array(sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest()), np.int64)
    if strata is not None:
        import pandas as pd

        group = pd.Series(strata[order]).groupby(strata[order])
        share = (group.cumcount() + 0.5) / group.transform("size")
        order = order[np.argsort(share.to_numpy(), kind="stable")]
    ranks = np.empty(len(names), np.int64)
    ranks[order] = range(len(names))
    edges = np.cumsum([0, *(round(share * len(names)) for share in shares)])
    return [(begin <= ranks) & (ranks < end) for begin, end in pairwise(edges)]


def by_content(keys: Array, share: float, seed: int) -> Array:
    """Which items (N,) bool are held out: those of about a ``share`` of the distinct ``keys`` (N,).

    Items that are equal have the same key and stay together.
    """
    distinct = np.unique(keys)
    chosen = np.random.RandomState(seed).permutation(distinct)[: int(share * len(distinct))]
    return np.isin(keys, chosen)
