"""Classes one by one, against scikit-learn's definitions worked out by hand."""

import torch

from ltcbench.training.classes import confusion, told


def test_counts_by_hand() -> None:
    y = torch.tensor([[2.0, 1, 0], [2, 1, 0], [0, 1, 0], [0, 0, 1]])
    matrix = confusion(y, torch.tensor([0, 1, 1, 0]), 3)
    assert matrix.tolist() == [[1, 0, 1], [1, 1, 0], [0, 0, 0]]
    assert told(matrix, ("a", "b", "c")) == {
        "labels": ["a", "b", "c"],
        "confusion": matrix.tolist(),
        "precision": {"a": 0.5, "b": 1.0, "c": 0.0},
        "recall": {"a": 0.5, "b": 0.5, "c": None},
        "f1": {"a": 0.5, "b": 2 / 3, "c": 0.0},
    }


def test_one_logit_tells_two_classes_by_its_sign() -> None:
    assert confusion(torch.tensor([[1.0], [-1], [1]]), torch.tensor([1, 1, 0]), 2).tolist() == [[0, 1], [1, 1]]


def test_more_outputs_than_classes() -> None:
    matrix = confusion(torch.eye(4), torch.tensor([0, 1, 1, 0]), 2)
    assert matrix.tolist() == [[1, 0, 0, 1], [0, 1, 1, 0]]
    assert told(matrix, ("a", "b"))["recall"] == {"a": 0.5, "b": 0.5}
    assert told(matrix, ("a", "b"))["precision"] == {"a": 1.0, "b": 1.0}
