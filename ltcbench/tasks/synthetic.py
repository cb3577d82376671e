"""A generated stand-in for any task: same shapes, same kinds of targets, nothing to download.

It shows that a command works and what it costs, never how good a model is; results made with it carry the mark
``synthetic``. Targets come from a leaky average of a random projection of the inputs, so there is something to learn.
"""

import numpy as np

from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split, unit_elapsed

SEED = 20260611


def make(spec: Spec) -> SequenceData:
    """Data of the shapes of ``spec``; the same at every call."""
    rng = np.random.default_rng(SEED)
    width = len(spec.labels) or spec.output_size
    teacher = rng.standard_normal((spec.vocabulary or spec.features, width), dtype=np.float32)
    train, valid, test = (_split(spec, size, teacher, rng) for size in spec.sizes)
    if not len(valid):
        return SequenceData(spec, train, None, test, selection="last", source="synthetic")
    return SequenceData(spec, train, valid, test, source="synthetic")


def _split(spec: Spec, size: int, teacher: Array, rng: np.random.Generator) -> Split:
    shape = (size, spec.length, spec.features)
    if spec.vocabulary:
        x = rng.integers(1, spec.vocabulary, shape).astype(np.float32)
        drive = teacher[x[..., 0].astype(np.int64)]
    else:
        x = rng.standard_normal(shape, dtype=np.float32)
        drive = x @ teacher / np.float32(np.sqrt(spec.features))
    elapsed = unit_elapsed(x)
    if spec.irregular:
        elapsed = rng.exponential(1.0, shape[:2]).astype(np.float32)
    lengths = rng.integers(2, spec.length + 1, size) if spec.padded else np.full(size, spec.length)
    mask = np.arange(spec.length) < lengths[:, None] if spec.padded else None

    signal = np.zeros_like(drive)
    signal[:, 0] = drive[:, 0]
    for t in range(1, spec.length):
        signal[:, t] = 0.7 * signal[:, t - 1] + drive[:, t]
    if not spec.per_step:
        signal = signal[np.arange(size), lengths - 1]

    if spec.loss == "mse":
        return Split(x, signal, elapsed, mask)
    if spec.loss == "binary_cross_entropy":
        return Split(x, (signal[..., 0] > 0).astype(np.int64), elapsed, mask)
    return Split(x, signal.argmax(-1), elapsed, mask)
