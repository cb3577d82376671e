"""expRNN against torch's own orthogonal parametrisation, and its matrix after a training."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from ltcbench import models

from .compare import assert_same, sequences

FEATURES, UNITS = 3, 5


def test_it_is_an_rnn_with_torchs_orthogonal_matrix() -> None:
    net = models.build("exprnn", FEATURES, UNITS, flavour="hippo").double()
    cell = net.cell
    with torch.no_grad():
        cell.A.copy_(torch.randn(UNITS, UNITS))
        cell.b.uniform_(-0.3, 0.1)
    linear = parametrizations.orthogonal(
        nn.Linear(UNITS, UNITS, bias=False).double(), orthogonal_map="matrix_exp", use_trivialization=False
    )
    with torch.no_grad():  # theirs takes the skew matrix from below the diagonal
        linear.parametrizations.weight.original.copy_(cell.A.t())
    x, _ = sequences(2, 6, FEATURES)
    h, outputs = torch.zeros(2, UNITS, dtype=torch.float64), []
    for t in range(6):
        z = cell.W(x[:, t]) + linear(h)  # h times the transpose of their weight
        h = z.sign() * torch.relu(z.abs() + cell.b)
        outputs.append(h)
    assert_same(net(x)[0], torch.stack(outputs, 1), [x, cell.W.weight, cell.W.bias, cell.b])


def test_the_matrix_stays_orthogonal_while_it_learns() -> None:
    torch.manual_seed(0)
    net = models.build("exprnn", FEATURES, 20, 1)
    optimiser = torch.optim.RMSprop(net.parameters(), 0.01)
    x, first = torch.randn(8, 12, FEATURES), net.cell.orthogonal().detach()
    for _ in range(15):
        optimiser.zero_grad()
        (net(x)[0][:, -1, 0] - x[:, 0, 0]).square().mean().backward()
        optimiser.step()
    Q = net.cell.orthogonal().detach()
    assert (Q - first).abs().max() > 0.05
    torch.testing.assert_close(Q @ Q.t(), torch.eye(20), rtol=0, atol=2e-6)


def test_a_block_is_a_rotation() -> None:
    cell = models.build("exprnn", 1, 2).cell
    with torch.no_grad():
        cell.A[0, 1] = 0.3
    assert cell.orthogonal().flatten().tolist() == pytest.approx([0.9553, 0.2955, -0.2955, 0.9553], abs=1e-4)


@pytest.mark.parametrize("start", ["cayley", "henaff"])
def test_first_values(start: str) -> None:
    cell = models.build("exprnn", 10, 1001, start=start).cell
    s = cell.A.diagonal(1)[::2]
    assert (cell.A != 0).sum() == 500 == (s != 0).sum()
    if start == "henaff":
        assert s.abs().max() <= math.pi and s.std().item() == pytest.approx(math.pi / math.sqrt(3), rel=0.1)
    else:
        assert -1 < s.min() < -0.95 and -0.05 < s.max() < 0
        assert s.median().item() == pytest.approx(-math.tan(math.pi / 8), abs=0.08)
    assert cell.b.abs().max() <= 0.01 and cell.W.bias is None
    assert cell.W.weight.std().item() == pytest.approx(math.sqrt(2 / 10), rel=0.1)


def test_its_matrix_learns_with_a_tenth_of_the_rate() -> None:
    groups = models.build("exprnn", 3, 4, 2).parameters_by_rate()
    assert {rate: [tuple(p.shape) for p in group] for rate, group in groups.items()} == {
        1.0: [(4,), (4, 3), (2, 4), (2,)],
        0.1: [(4, 4)],
    }
    assert list(models.build("lstm", 3, 4, 2).parameters_by_rate()) == [1.0]
