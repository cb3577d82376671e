from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from ltcbench.tasks.sequences import SequenceData, Spec, Split, unit_elapsed
from ltcbench.training import baselines as module
from ltcbench.training.baselines import PENALTY, baselines

STEPS, FEATURES = 6, 3
TRAIN, TEST = 40, 30


def spec(metric: str, loss: str, classes: int = 0, **more: object) -> Spec:
    labels = tuple("abcdefgh"[:classes])
    return Spec(metric, loss, FEATURES, STEPS, classes or 2, (TRAIN, 0, TEST), labels, **more)


def split(size: int, seed: int, spec: Spec) -> Split:
    """Targets that depend on the inputs and a little on chance."""
    rng = np.random.default_rng(seed)
    x = rng.normal([1, 2, 3], [1, 10, 100], (size, STEPS, FEATURES)).astype(np.float32)
    teacher = np.random.default_rng(9).normal(size=(FEATURES, 3))
    scores = (x / [1, 10, 100]) @ teacher + rng.gumbel(size=(size, STEPS, 3))
    y = scores[..., :2].astype(np.float32) if spec.loss == "mse" else scores[..., : len(spec.labels)].argmax(-1)
    return Split(x, y if spec.per_step else y[:, -1], unit_elapsed(x))


def data(spec: Spec) -> SequenceData:
    return SequenceData(spec, split(TRAIN, 0, spec), None, split(TEST, 1, spec))


def steps(part: Split) -> tuple[np.ndarray, np.ndarray]:
    return part.x.reshape(-1, FEATURES), part.y.reshape(-1, *part.y.shape[2:])


def logistic(x: np.ndarray, y: np.ndarray, **options: object) -> tuple[StandardScaler, LogisticRegression]:
    """Scikit-learn's model; with two classes it has one vector of weights in place of two opposite halves of it."""
    scaler = StandardScaler().fit(x.astype(np.float64))
    strength = (2 if len(np.unique(y)) == 2 else 1) / (PENALTY * len(x))
    return scaler, LogisticRegression(C=strength, tol=1e-8, max_iter=5000, **options).fit(scaler.transform(x), y)


def test_regression() -> None:
    problem = data(spec("mse", "mse"))
    (x, y), (x_test, y_test) = steps(problem.train), steps(problem.test)
    line = LinearRegression().fit(x.astype(np.float64), y)
    expected = {
        "constant": ((y_test - y.mean(axis=0)) ** 2).mean(),
        "linear": ((y_test - line.predict(x_test.astype(np.float64))) ** 2).mean(),
    }
    assert baselines(problem) == pytest.approx(expected, rel=1e-5)
    assert expected["linear"] < 0.9 * expected["constant"]


def test_last_value_where_the_target_is_the_next_observation() -> None:
    base = replace(spec("mse", "mse"), output_size=FEATURES)
    parts = []
    for part in (split(TRAIN, 0, base), split(TEST, 1, base)):
        x, y = part.x[:, :-1], part.x[:, 1:].copy()
        y[0, 0] += 1  # a step was dropped here
        parts.append(Split(x, y, unit_elapsed(x)))
    found = baselines(SequenceData(base, parts[0], None, parts[1]))
    assert found["last value"] == pytest.approx(((parts[1].x - parts[1].y).astype(np.float64) ** 2).mean(), rel=1e-6)

    parts[0].y[:] = parts[0].y[::-1]  # of the same shape, but no longer what comes next
    assert "last value" not in baselines(SequenceData(base, parts[0], None, parts[1]))


def test_accuracy_of_three_classes() -> None:
    problem = data(spec("accuracy", "cross_entropy", 3))
    (x, y), (x_test, y_test) = steps(problem.train), steps(problem.test)
    scaler, model = logistic(x, y)
    expected = {
        "constant": (y_test == np.bincount(y).argmax()).mean(),
        "linear": model.score(scaler.transform(x_test), y_test),
    }
    assert baselines(problem) == pytest.approx(expected)
    assert expected["linear"] > expected["constant"] + 0.05


def test_auc_on_the_last_step() -> None:
    problem = data(spec("auc", "cross_entropy", 2, per_step=False))
    scaler, model = logistic(problem.train.x[:, -1], problem.train.y)
    scores = model.decision_function(scaler.transform(problem.test.x[:, -1]))
    expected = {"constant": 0.5, "linear": roc_auc_score(problem.test.y, scores)}
    assert baselines(problem) == pytest.approx(expected)
    assert expected["linear"] > 0.6


def test_one_logit_for_two_classes() -> None:
    two = data(spec("accuracy", "cross_entropy", 2, per_step=False))
    one = replace(two, spec=replace(two.spec, loss="binary_cross_entropy", output_size=1))
    assert baselines(one) == baselines(two)


def test_f1_with_class_weights() -> None:
    problem = replace(data(spec("f1", "cross_entropy", 2)), class_weights=(0.1, 1.6))
    (x, y), (x_test, y_test) = steps(problem.train), steps(problem.test)
    scaler = StandardScaler().fit(x.astype(np.float64))
    total = np.array([0.1, 1.6])[y].sum()
    weighted = LogisticRegression(C=2 / (PENALTY * total), tol=1e-8, max_iter=5000, class_weight={0: 0.1, 1: 1.6})
    weighted.fit(scaler.transform(x), y)
    expected = {
        "constant": f1_score(y_test, np.ones_like(y_test)),
        "linear": f1_score(y_test, weighted.predict(scaler.transform(x_test))),
    }
    assert baselines(problem) == pytest.approx(expected, abs=1e-5)
    unweighted = baselines(replace(problem, class_weights=None))
    assert unweighted["linear"] != pytest.approx(expected["linear"], abs=1e-3)


def test_masked_steps_and_steps_without_a_class_do_not_count() -> None:
    problem = data(spec("accuracy", "cross_entropy", 3))
    expected = baselines(problem)

    def longer(part: Split) -> Split:
        x = np.concatenate([part.x, np.full_like(part.x, 7.0)], axis=1)
        y = np.concatenate([part.y, np.full_like(part.y, 1)], axis=1)
        y[:, STEPS : STEPS + 2] = -1
        mask = np.ones(x.shape[:2], bool)
        mask[:, STEPS + 2 :] = False
        return Split(x, y, unit_elapsed(x), mask)

    assert baselines(replace(problem, train=longer(problem.train), test=longer(problem.test))) == expected

    def by_value(part: Split) -> Split:
        part = longer(part)
        return replace(part, mask=part.mask[..., None] & (np.arange(FEATURES) > 0))

    assert baselines(replace(problem, train=by_value(problem.train), test=by_value(problem.test))) == expected


def test_last_observed_value_of_each_input() -> None:
    problem = data(spec("auc", "cross_entropy", 2, per_step=False))
    mask = np.ones((TRAIN, STEPS, FEATURES), bool)
    mask[:, 4:, 1] = False  # the second input was last seen in step 3
    mask[:5, :, 2] = False  # some never saw the third
    x = problem.train.x.copy()
    masked = replace(problem, train=Split(x, problem.train.y, problem.train.elapsed, mask))
    last = np.column_stack([x[:, 5, 0], x[:, 3, 1], np.where(np.arange(TRAIN) < 5, 0, x[:, 5, 2])])
    scaler, model = logistic(last, problem.train.y)
    scores = model.decision_function(scaler.transform(problem.test.x[:, -1]))
    assert baselines(masked)["linear"] == pytest.approx(roc_auc_score(problem.test.y, scores))

    by_step = np.arange(STEPS) < np.random.default_rng(2).integers(1, STEPS, TRAIN)[:, None]
    padded = replace(problem, train=Split(x, problem.train.y, problem.train.elapsed, by_step))
    scaler, model = logistic(x[np.arange(TRAIN), by_step.sum(axis=1) - 1], problem.train.y)
    scores = model.decision_function(scaler.transform(problem.test.x[:, -1]))
    assert baselines(padded)["linear"] == pytest.approx(roc_auc_score(problem.test.y, scores))


@pytest.mark.parametrize("masked", [False, True])
def test_words_are_counted(masked: bool) -> None:
    vocabulary = 12
    base = Spec(
        "auc", "cross_entropy", 1, 8, 10, (60, 0, 50), ("no", "yes"), per_step=False, padded=True, vocabulary=vocabulary
    )
    rng = np.random.default_rng(0)
    parts, counts = [], []
    for size in (60, 50):
        words = rng.integers(1, vocabulary, (size, 8))
        words[:, : rng.integers(1, 4)] = 0  # padding in front
        y = (rng.random(size) < np.where(words < 4, 1, 0).mean(axis=1) * 1.6).astype(np.int64)
        counts.append(np.stack([(words == word).sum(axis=1) for word in range(1, vocabulary)], axis=1))
        x = words[..., None].astype(np.float32)
        parts.append(Split(x, y, unit_elapsed(x), words > 0 if masked else None))
    model = LogisticRegression(C=2 / (PENALTY * 60), tol=1e-9, max_iter=10_000).fit(counts[0], parts[0].y)
    expected = roc_auc_score(parts[1].y, model.decision_function(counts[1]))
    assert baselines(SequenceData(base, parts[0], None, parts[1]))["linear"] == pytest.approx(expected, abs=1e-3)


def test_of_too_many_rows_every_so_many_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = data(spec("mse", "mse"))
    whole = baselines(problem)
    monkeypatch.setattr(module, "MAX_ROWS", 100)
    (x, y), (x_test, y_test) = steps(problem.train), steps(problem.test)
    line = LinearRegression().fit(x[::3].astype(np.float64), y[::3])
    expected = ((y_test - line.predict(x_test.astype(np.float64))) ** 2).mean()
    assert baselines(problem) == pytest.approx({"constant": whole["constant"], "linear": expected}, rel=1e-5)


def test_the_same_at_every_call() -> None:
    problem = data(spec("auc", "cross_entropy", 2, per_step=False))
    assert baselines(problem) == baselines(problem)
