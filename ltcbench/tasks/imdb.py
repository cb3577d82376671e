"""Whether a film review is favourable (CfC paper, table 6; Large Movie Review Dataset as Keras ships it).

25,000 reviews for training and 25,000 for the test, as numbers of the 20,000 most frequent words (0 padding, 1 start,
2 any other word). The last 200 words of a review are kept, shorter ones are padded at the front (the authors' comment
says the first 200). Every word is one unit of time.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ltcbench.tasks import word_lists
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split, unit_elapsed
from ltcbench.tasks.splitting import by_content

DATASET = "imdb"
LENGTH = 200
VOCABULARY = 20_000
LABELS = ("negative", "positive")
SPEC = Spec(
    "accuracy",
    "cross_entropy",
    features=1,
    length=LENGTH,
    output_size=10,
    sizes=(25_000, 0, 25_000),
    labels=LABELS,
    per_step=False,
    padded=True,
    vocabulary=VOCABULARY,
)
START, OTHER, FIRST = 1, 2, 3  # Keras: numbers of the start and of unknown words, and what is added to all others
ORDER_SEED = 113  # Keras
VALID_SHARE, VALID_SEED = 0.1, 20212  # clean


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``imdb.npz``.
        quirks: ``padding_unmasked``, ``ten_outputs``, ``test_reviews_in_training``, ``no_validation``,
            ``elapsed_zero``.
    """
    rng = np.random.RandomState(ORDER_SEED)  # one for both parts, in this order
    x, y = _reviews(files["imdb.npz"], "train", rng)
    x_test, y_test = _reviews(files["imdb.npz"], "test", rng)
    key = _keys(x)
    if not quirks["test_reviews_in_training"]:
        new = ~np.isin(key, _keys(x_test))
        x, y, key = x[new], y[new], key[new]
    held_out = by_content(key, 0.0 if quirks["no_validation"] else VALID_SHARE, VALID_SEED)

    def split(words: Array, y: Array) -> Split:
        x = words[..., None].astype(np.float32)
        elapsed = unit_elapsed(x) * np.float32(not quirks["elapsed_zero"])
        return Split(x, y, elapsed, None if quirks["padding_unmasked"] else words > 0)

    return SequenceData(
        SPEC if quirks["ten_outputs"] else replace(SPEC, output_size=len(LABELS)),
        train=split(x[~held_out], y[~held_out]),
        valid=None if quirks["no_validation"] else split(x[held_out], y[held_out]),
        test=split(x_test, y_test),
        selection="last" if quirks["no_validation"] else "best",
    )


def _reviews(path: Path, part: str, rng: np.random.RandomState) -> tuple[Array, Array]:
    """Word numbers (N, 200) int64, 0 in front of short reviews, and labels (N,), in Keras' order."""
    reviews, y = word_lists.read(path, part)
    order = np.arange(len(y))
    rng.shuffle(order)
    return np.stack([_padded(reviews[i]) for i in order]), y[order]


def _padded(ranks: Array) -> Array:
    words = np.r_[START, ranks + FIRST][-LENGTH:]
    words = np.where(words < VOCABULARY, words, OTHER)
    return np.pad(words, (LENGTH - len(words), 0))


def _keys(words: Array) -> Array:
    """A number for each row (N,) uint64, the same for equal rows only."""
    digests: Sequence[bytes] = [hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in words]
    return np.frombuffer(b"".join(digests), np.uint64)
