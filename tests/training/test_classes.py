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


def test_an_output_that_stands_for_no_class_is_a_mistake() -> None:
    matrix = confusion(torch.eye(4)[[0, 3, 1, 3, 3]], torch.tensor([0, 0, 1, 1, 0]), 2)
    assert matrix.tolist() == [[1, 0, 0, 2], [0, 1, 0, 1]]
    found = told(matrix, ("a", "b"))
    assert found["precision"] == {"a": 1, "b": 1} and found["recall"] == {"a": 1 / 3, "b": 0.5}
    assert found["f1"] == {"a": 0.5, "b": 2 / 3}
