import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from ltcbench.tasks.sequences import Spec
from ltcbench.training import metrics


def spec(loss: str, metric: str = "accuracy", classes: int = 3) -> Spec:
    return Spec(metric, loss, 2, 4, classes, (1, 1, 1), labels=tuple("abcdef"[:classes]))


@given(st.integers(0, 10_000), st.integers(2, 60), st.booleans())
@settings(max_examples=50, deadline=None)
def test_auc_and_f1_agree_with_scikit_learn(seed: int, size: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, size)
    y[:2] = 0, 1
    logits = rng.standard_normal((size, 2))
    if ties:
        logits = logits.round(0)
    score = logits[:, 1] - logits[:, 0]
    tensors = torch.tensor(logits), torch.tensor(y)
    assert metrics.auc(*tensors) == pytest.approx(oracle.roc_auc_score(y, score), abs=1e-12)
    assert metrics.auc(torch.tensor(score)[:, None], tensors[1]) == pytest.approx(oracle.roc_auc_score(y, score))
    expected = oracle.f1_score(y, logits.argmax(1), zero_division=0)
    assert metrics.f1(*tensors) == pytest.approx(expected, abs=2e-5)  # the code's guards against division by zero
    assert metrics.accuracy(*tensors) == pytest.approx(oracle.accuracy_score(y, logits.argmax(1)))
    assert metrics.mse(tensors[0], tensors[0] + 2) == pytest.approx(4.0)


def test_f1_guards_are_those_of_the_authors_code() -> None:
    y, target = torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), torch.tensor([1, 0, 1])
    precision, recall = 1 / (2 + 1e-5), 1 / (2 + 1e-5)
    assert metrics.f1(y, target) == pytest.approx(2 * precision * recall / (precision + recall + 1e-6), rel=1e-12)
    assert metrics.f1(torch.tensor([[1.0, 0.0]]), torch.tensor([0])) == 0.0  # no positive at all


def test_auc_without_both_classes_is_nan() -> None:
    assert np.isnan(metrics.auc(torch.randn(4, 1), torch.ones(4, dtype=torch.long)))


def test_accuracy_of_one_logit_is_its_sign() -> None:
    assert metrics.accuracy(torch.tensor([[-1.0], [2.0], [3.0]]), torch.tensor([0, 1, 0])) == pytest.approx(2 / 3)


def test_mask_leaves_targets_out_of_loss_and_metric() -> None:
    y, target = torch.randn(3, 4, 3), torch.randint(0, 3, (3, 4))
    mask = torch.rand(3, 4) < 0.6
    mask[0, 0] = True
    whole = metrics.loss(spec("cross_entropy"), y, target, mask, None)
    kept = torch.nn.functional.cross_entropy(y[mask], target[mask])
    assert whole == pytest.approx(kept.item(), abs=1e-6)
    assert metrics.metric(spec("cross_entropy"), y, target, mask) == metrics.accuracy(y[mask], target[mask])
    changed = torch.where(mask, target, (target + 1) % 3)
    assert metrics.metric(spec("cross_entropy"), y, changed, mask) == metrics.accuracy(y[mask], target[mask])


def test_class_weights_divided_by_their_sum_or_by_the_count() -> None:
    y, target = torch.randn(50, 3), torch.randint(0, 3, (50,))
    weights = torch.tensor([0.1, 1.6, 2.0])
    torchs = torch.nn.functional.cross_entropy(y, target, weight=weights)
    assert metrics.loss(spec("cross_entropy"), y, target, None, weights) == pytest.approx(torchs.item(), abs=1e-6)
    by_count = metrics.loss(spec("cross_entropy"), y, target, None, weights, normalised=False)
    assert by_count == pytest.approx(torchs.item() * weights[target].sum().item() / 50, abs=1e-6)


def test_binary_loss_takes_one_logit() -> None:
    y, target = torch.randn(20, 1), torch.randint(0, 2, (20,))
    two = torch.cat([torch.zeros_like(y), y], 1)
    binary = metrics.loss(spec("binary_cross_entropy", classes=2), y, target, None, None)
    assert binary == pytest.approx(torch.nn.functional.cross_entropy(two, target).item(), abs=1e-6)


def test_mse_loss_is_the_mean_over_all_values() -> None:
    y, target = torch.randn(3, 4, 5), torch.randn(3, 4, 5)
    value = metrics.loss(spec("mse", "mse", 0), y, target, None, None)
    assert value == pytest.approx(torch.nn.functional.mse_loss(y, target).item(), abs=1e-6)
    assert metrics.metric(spec("mse", "mse", 0), y, target, None) == pytest.approx(value.item(), abs=1e-6)
