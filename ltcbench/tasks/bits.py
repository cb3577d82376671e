"""Random bit sequences and their parity: what the tasks ``xor`` and ``xor_dense`` share (CfC paper, table 4).

100,000 sequences for training and 10,000 for the test, each of 2 to 31 bits; the target is the parity of all bits.
They are the authors' own, drawn with their seeds. Elapsed times are divided by 32, the padded length, as the authors
do. Their code stops a sequence at its 31st event; that can only be its last bit, so it changes nothing.
"""

from collections.abc import Callable, Mapping

import numpy as np

from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split
from ltcbench.tasks.splitting import by_content

PAD = 32
TRAIN, TRAIN_SEED = 100_000, 1234984  # authors' code
TEST, TEST_SEED = 10_000, 48736
VALID_SHARE, VALID_SEED = 0.1, 20211  # clean

Encode = Callable[[Array, Array], tuple[Array, Array, Array]]


def draw(size: int, seed: int) -> tuple[Array, Array]:
    """Bits (size, 31) uint8, zero behind the end of a sequence, and lengths (size,) int64.

    The same as ``randint(2, 32)`` and then ``randint(0, 2)`` for each bit, sequence by sequence, from
    ``numpy.random.RandomState(seed)``. NumPy takes a 32-bit word for each of these numbers: its lowest bit is the bit;
    its lowest five bits are the length minus two, unless they are 30 or 31, then the next word is taken.
    """
    words = np.random.RandomState(seed).randint(0, 2**32, 36 * size + 64, dtype=np.uint32)  # about half are needed
    low = (words & 31).tolist()
    first, lengths = np.empty(size, np.int64), np.empty(size, np.int64)
    position = 0
    for i in range(size):
        while low[position] >= 30:
            position += 1
        first[i], lengths[i] = position + 1, low[position] + 2
        position = first[i] + lengths[i]

    steps = np.arange(PAD - 1)
    bits = words[first[:, None] + steps] & 1
    return np.where(steps < lengths[:, None], bits, 0).astype(np.uint8), lengths


def load(spec: Spec, encode: Encode, quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark.

    Args:
        spec: what is fixed about the task.
        encode: ``(bits, lengths) -> x, elapsed in steps, mask``.
        quirks: ``test_sequences_in_training``, ``no_validation``.
    """
    bits, lengths = draw(TRAIN, TRAIN_SEED)
    test_bits, test_lengths = draw(TEST, TEST_SEED)
    key = _key(bits, lengths)
    if not quirks["test_sequences_in_training"]:
        new = ~np.isin(key, _key(test_bits, test_lengths))
        bits, lengths, key = bits[new], lengths[new], key[new]
    held_out = by_content(key, 0.0 if quirks["no_validation"] else VALID_SHARE, VALID_SEED)

    def split(bits: Array, lengths: Array) -> Split:
        x, elapsed, mask = encode(bits, lengths)
        return Split(x, bits.sum(axis=1, dtype=np.int64) % 2, elapsed / np.float32(PAD), mask)

    return SequenceData(
        spec,
        train=split(bits[~held_out], lengths[~held_out]),
        valid=None if quirks["no_validation"] else split(bits[held_out], lengths[held_out]),
        test=split(test_bits, test_lengths),
        selection="last" if quirks["no_validation"] else "best",
    )


def _key(bits: Array, lengths: Array) -> Array:
    """A number for each sequence (N,), the same for equal sequences only: its bits with a one behind the last."""
    key: Array = bits @ (1 << np.arange(PAD - 1, dtype=np.int64)) + (np.int64(1) << lengths)
    return key
