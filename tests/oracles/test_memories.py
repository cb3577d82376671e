"""Cells with a polynomial memory, against transcriptions with dense matrices, and what their memories must hold."""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import solve

from ltcbench import models
from ltcbench.models.cells.hippo_legs import HiPPOLegS

from .transcription import STEPS, UNITS, Array, assert_follows, dot, network, sigmoid


def legs(order: int) -> tuple[Array, Array]:
    """A and B of HiPPO-LegS, from the paper."""
    A = np.zeros((order, order))
    for n in range(order):
        for k in range(n + 1):
            A[n, k] = -(n + 1) if n == k else -math.sqrt((2 * n + 1) * (2 * k + 1))
    return A, np.array([math.sqrt(2 * n + 1) for n in range(order)])


def bilinear(c: Array, u: float, k: int) -> Array:
    A, B = legs(len(c))
    I = np.eye(len(c))
    found: Array = solve(I - A / (2 * k), (I + A / (2 * k)) @ c + B / k * u)
    return found


def test_the_matrix_of_the_paper() -> None:
    assert legs(4)[0][3].tolist() == pytest.approx([-2.6458, -4.5826, -5.9161, -4], abs=5e-5)


@pytest.mark.parametrize("name", ["hippo_legs", "hippo_lagt"])
def test_hippo(name: str) -> None:
    net, p = network(name, **({"max_length": 3} if name == "hippo_legs" else {"dt": 0.3}))
    n = UNITS
    held = {key: value.detach().numpy() for key, value in net.cell.named_buffers()}

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, c, outputs = np.zeros(n), np.zeros(n), []
        for t in range(STEPS):
            u = dot(p["weight_x"][0], x[t]) + dot(p["weight_h"][0], h) + p["bias"][0]
            if name == "hippo_lagt":
                c = held["A"] @ c + held["B"] * u
            elif t == 0:
                c = np.array([u, *np.zeros(n - 1)])
            else:
                c = bilinear(c, u, min(t, 3))
            z = [dot(p["weight_x"][1 + i], x[t]) + dot(p["weight_c"][i], c) + p["bias"][1 + i] for i in range(2 * n)]
            h = np.array([(1 - sigmoid(z[n + i])) * h[i] + sigmoid(z[n + i]) * math.tanh(z[i]) for i in range(n)])
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


@pytest.mark.parametrize("order", [1, 2, 5, 64, 256])
def test_a_step_of_legs_is_that_of_a_dense_solver_for_every_row_of_a_batch(order: int) -> None:
    cell = HiPPOLegS(1, order)
    random = np.random.default_rng(0)
    c, u = random.normal(size=(5, order)), random.normal(size=(5, 1))
    k = np.array([1, 2, 7, 300, 5000])
    expected = [bilinear(c[i], u[i, 0], min(k[i], 1024)) for i in range(5)]
    for kind, tolerance in ((torch.float64, 1e-11), (torch.float32, 2e-5)):
        memory = torch.tensor(c, dtype=kind), torch.tensor(k[:, None], dtype=kind)
        ours, steps = cell.remember(torch.tensor(u, dtype=kind), memory)
        np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=tolerance * np.abs(expected).max())
        assert steps[:, 0].tolist() == (k + 1).tolist()


def test_the_gradient_of_a_step_of_legs() -> None:
    cell = HiPPOLegS(1, 6)
    c, u = torch.randn(3, 6, dtype=torch.float64, requires_grad=True), torch.randn(3, 1, dtype=torch.float64)
    k = torch.tensor([[0.0], [1], [9]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda c, u: cell.remember(u, (c, k))[0], (c, u.requires_grad_()))


def remembered(inputs: Array, order: int) -> Array:
    cell = HiPPOLegS(1, order, max_length=10**6)
    memory = torch.zeros(1, order, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    for u in inputs:
        memory = cell.remember(torch.full((1, 1), u, dtype=torch.float64), memory)
    found: Array = memory[0][0].numpy()
    return found


def test_legs_holds_a_constant_and_a_ramp() -> None:
    np.testing.assert_allclose(remembered(np.full(500, 0.7), 8), [0.7, *np.zeros(7)], atol=1e-12)
    ramp = remembered(np.arange(2000.0), 4) / 2000
    np.testing.assert_allclose(ramp, [0.4999, 0.2886, 0, 0], atol=2e-4)


def test_legs_goes_on_beyond_its_longest_length() -> None:
    net = models.build("hippo_legs", 2, 4, max_length=3).double()
    x = torch.randn(1, 9, 2, dtype=torch.float64)
    _, state = net(x)
    assert state[2].item() == 9 and torch.isfinite(state[1]).all()


@pytest.mark.parametrize("gated", [False, True])
def test_lmu(gated: bool) -> None:
    net, p = network("lmu", order=4, theta=20.0, gated=gated)
    held = {key: value.detach().numpy() for key, value in net.cell.named_buffers()}

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, c, outputs = np.zeros(UNITS), np.zeros(4), []
        for t in range(STEPS):
            u = dot(p["e_x"][0], x[t]) + dot(p["e_h"][0], h) + dot(p["e_m"][0], c)
            c = held["A"] @ c + held["B"] * u
            new = np.array([
                math.tanh(dot(p["W_x"][i], x[t]) + dot(p["W_h"][i], h) + dot(p["W_m"][i], c)) for i in range(UNITS)
            ])  # fmt: skip
            if gated:
                g = [sigmoid(dot(p["W_g.weight"][i], x[t], h, c) + p["W_g.bias"][i]) for i in range(UNITS)]
                new = np.array([(1 - g[i]) * h[i] + g[i] * new[i] for i in range(UNITS)])
            h = new
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


def test_lmu_is_that_of_keras_lmu() -> None:
    """LMUCell of keras-lmu 0.9.0, hidden and memory to memory, input to hidden, around a SimpleRNNCell without bias."""
    theirs = [
        [-0.132993, -0.106065, 0.018736],
        [-0.207601, -0.397497, -0.239194],
        [0.163598, 0.289973, 0.156229],
        [-0.025770, 0.067096, 0.098073],
        [-0.196135, -0.378758, -0.227952],
        [0.176072, 0.266312, 0.116430],
    ]
    net = models.build("lmu", 2, 3, order=4, theta=20.0).double()
    of_u, of_m, of_h, recurrent = (0.4 * torch.cos(torch.arange(36.0))).split([5, 4, 18, 9])
    with torch.no_grad():
        net.cell.e_x[0], net.cell.e_h[0], net.cell.e_m[0] = of_u[:2], of_u[2:], of_m
        net.cell.W_m[:], net.cell.W_x[:] = (part.t() for part in of_h.view(6, 3).split([4, 2]))
        net.cell.W_h[:] = recurrent.view(3, 3).t()
    x = torch.sin(torch.arange(1.0, 13)).view(1, 6, 2).double()
    np.testing.assert_allclose(net(x)[0][0].detach().numpy(), theirs, rtol=0, atol=2e-6)


def test_sizes_of_the_authors() -> None:
    def size(name: str, features: int, units: int, output: int | None = None, **options: object) -> int:
        return models.build(name, features, units, output, **options).size()

    for name in ("hippo_legs", "hippo_lagt"):
        assert (size(name, 100, 256), size(name, 100, 512)) == (183_141, 628_325)
    assert size("lmu", 1, 212, 10, order=256, theta=784.0) == 102_027
