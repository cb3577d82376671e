"""What of its sequences a part computes."""

import numpy as np
import pytest
import torch

from ltcbench import models
from ltcbench.tasks.sequences import Spec, Split, unit_elapsed
from ltcbench.training.batches import Part, predict
from ltcbench.training.scoring import evaluate

STEPS, FEATURES = 7, 2
LENGTHS = [3, 7, 1, 0, 5, 7]


def spec(per_step: bool) -> Spec:
    return Spec("accuracy", "cross_entropy", FEATURES, STEPS, 3, (6, 0, 6), ("a", "b", "c"), per_step=per_step)


def split(per_step: bool, values: bool) -> Split:
    """Sequences of different lengths, with a mask of steps or of values."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((len(LENGTHS), STEPS, FEATURES)).astype(np.float32)
    mask = np.arange(STEPS) < np.array(LENGTHS)[:, None]
    y = rng.integers(0, 3, (len(LENGTHS), STEPS) if per_step else len(LENGTHS))
    if values:
        gaps = rng.random(x.shape) < 0.5
        gaps[np.arange(len(LENGTHS)), np.array(LENGTHS) - 1] = True
        mask = mask[..., None] & gaps
    return Split(x, y, unit_elapsed(x), mask)


def part(per_step: bool, values: bool) -> Part:
    return Part.of(spec(per_step), split(per_step, values), torch.device("cpu"))


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("values", [False, True])
def test_lengths_reach_to_the_last_step_observed(per_step: bool, values: bool) -> None:
    found = part(per_step, values)
    assert found.lengths is not None and found.lengths.tolist() == LENGTHS
    assert (found.mask is None) == (not values)  # of steps, padded at the end only: the lengths say it
    assert found.take(slice(1, 3)).lengths is not None


def test_a_mask_with_holes_stays() -> None:
    whole = split(False, False)
    assert whole.mask is not None
    whole.mask[1, 2] = False
    found = Part.of(spec(False), whole, torch.device("cpu"))
    assert found.mask is not None and found.lengths is not None and found.lengths.tolist() == LENGTHS


def test_whole_sequences_have_no_lengths() -> None:
    for mask in (None, np.ones((6, STEPS), dtype=bool)):
        whole = split(True, False)
        found = Part.of(spec(True), Split(whole.x, whole.y, whole.elapsed, mask), torch.device("cpu"))
        assert found.lengths is None and found.mask is None


@pytest.mark.parametrize("name", ["cfc", "lstm", "ltc", "ctrnn", "gru_d", "transformer"])
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("values", [False, True])
def test_predictions_are_those_with_the_mask(name: str, per_step: bool, values: bool) -> None:
    torch.manual_seed(0)
    net = models.build(name, FEATURES, 4, 3, feature_mask=values).eval()
    whole, batch = split(per_step, values), part(per_step, values)
    y, _ = net(batch.x, elapsed=batch.elapsed, mask=torch.as_tensor(whole.mask))
    counted = ... if batch.counted is None else batch.counted
    found, _ = predict(net, spec(per_step), batch)
    torch.testing.assert_close(found[counted], (y if per_step else y[:, -1])[counted], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["cfc", "gru", "ltc", "ctrnn", "ctgru"])
def test_an_evaluation_does_not_depend_on_the_order_of_its_rows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = models.build(name, FEATURES, 4, 3)
    found = part(True, False)
    whole = evaluate(net, spec(True), found)
    other = evaluate(net, spec(True), found.take(torch.tensor([4, 0, 5, 3, 1, 2])))
    monkeypatch.setattr("ltcbench.training.scoring.BUDGET", 2 * STEPS * FEATURES * 4)  # two sequences at a time
    parts = evaluate(net, spec(True), found)
    assert other == pytest.approx(whole, rel=1e-6) and parts == pytest.approx(whole, rel=1e-6)
