"""Cells that integrate a differential equation against SciPy's solve_ivp, which knows nothing of batches."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ltcbench import models

from .compare import sequences

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 4
Array = NDArray[np.float64]
Slope = Callable[[Array, Array], Array]  # of the input and the state of one sample


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def arrays(module: torch.nn.Module) -> dict[str, Array]:
    return {key: value.detach().numpy() for key, value in module.state_dict().items()}


def tanh_slope(cell: Any, decay: float, prefix: str = "") -> Slope:
    p = arrays(cell)
    gain = p.get(f"{prefix}gain", 1.0)
    W_x, W_h, b = (p[f"{prefix}drive_map.{part}"] for part in ("weight_x", "weight_h", "bias"))
    return lambda x, h: gain * np.tanh(W_x @ x + W_h @ h + b) - decay * h


def ltc_slope(cell: Any) -> Slope:
    p = arrays(cell)

    def slope(x: Array, v: Array) -> Array:
        u = p["input_w"] * x + p["input_b"]
        current = p["gleak"] * (p["vleak"] - v)
        for synapses, source in (("sensory", u), ("recurrent", v)):
            w, erev, mu, sigma = (p[f"{synapses}.{part}"] for part in ("w", "erev", "mu", "sigma"))
            for post in range(UNITS):
                for pre in range(len(source)):
                    s = sigmoid(sigma[post, pre] * (source[pre] - mu[post, pre]))
                    current[post] += w[post, pre] * s * (erev[post, pre] - v[post])
        return current / p["cm"]

    return slope


def gru_slope(cell: Any) -> Slope:
    p = arrays(cell)
    W_r, W_z, W_g = np.split(np.concatenate([p["gates.weight_x"], p["gates.weight_h"]], axis=1), 3)
    b_r, b_z, b_g = np.split(p["gates.bias"], 3)

    def slope(x: Array, h: Array) -> Array:
        xh = np.concatenate([x, h])
        r, z = sigmoid(W_r @ xh + b_r), sigmoid(W_z @ xh + b_z)
        return (1 - z) * (np.tanh(W_g @ np.concatenate([x, r * h]) + b_g) - h)

    return slope


def solved(slope: Slope, x: Array, elapsed: Array) -> Array:
    """States (B, T, H) at the end of each step."""
    states = np.zeros((BATCH, x.shape[1], UNITS))
    for i in range(BATCH):
        h = np.zeros(UNITS)
        for t in range(x.shape[1]):
            path = solve_ivp(
                lambda _, h, u=x[i, t]: slope(u, h), (0, elapsed[i, t]), h, method="DOP853", rtol=1e-13, atol=1e-13
            )
            h = path.y[:, -1]
            states[i, t] = h
    return states


EQUATIONS: dict[str, tuple[dict[str, Any], Callable[[Any], Slope]]] = {
    "ctrnn": ({}, lambda cell: tanh_slope(cell, 1.0)),
    "node": ({}, lambda cell: tanh_slope(cell, 0.0)),
    "ode_rnn": ({}, lambda cell: tanh_slope(cell, 0.0, "ode.")),
    "gru_ode": ({}, gru_slope),
    "ltc_ode": ({"flavour": "ltc"}, ltc_slope),
}


def network(name: str, **options: Any) -> models.Network:
    torch.manual_seed(0)
    net = models.build(name, FEATURES, UNITS, **EQUATIONS[name][0], **options).double()
    with torch.no_grad():
        for key, parameter in net.named_parameters():
            if "bias" in key or "gain" in key:
                parameter.add_(0.5 * torch.randn_like(parameter))
    return net


@pytest.mark.parametrize("name", EQUATIONS)
def test_adaptive_solver(name: str) -> None:
    options = {} if name == "ltc_ode" else {"solver": "ode"}
    net = network(name, tolerance=1e-12, **options)
    x, elapsed = sequences(BATCH, STEPS, FEATURES)
    y, _ = net(x, elapsed=elapsed)
    expected = solved(EQUATIONS[name][1](net.cell), x.detach().numpy(), elapsed.detach().numpy())
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-10, atol=1e-10)
    assert net.cell.nfe > 0


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2), ("rk4", 4)])
@pytest.mark.parametrize("name", [name for name in EQUATIONS if name != "ltc_ode"])
def test_order_of_convergence(name: str, solver: str, order: int) -> None:
    x, elapsed = sequences(BATCH, STEPS, FEATURES)
    further = {"step_size": None} if name in ("ctrnn", "node") else {}
    errors = []
    for unfolds in (16, 32):
        net = network(name, solver=solver, unfolds=unfolds, **further)
        y, _ = net(x, elapsed=elapsed)
        expected = solved(EQUATIONS[name][1](net.cell), x.detach().numpy(), elapsed.detach().numpy())
        errors.append(np.abs(y.detach().numpy() - expected).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize(("name", "order"), [("ltc_euler", 1), ("ltc_rk4", 4), ("ltc", 1)])
def test_order_of_convergence_of_the_ltc(name: str, order: int) -> None:
    x, elapsed = sequences(BATCH, STEPS, FEATURES)
    errors = []
    for unfolds in (128, 256):
        torch.manual_seed(0)
        net = models.build(name, FEATURES, UNITS, flavour="ncps", unfolds=unfolds).double()
        _, state = net(x, elapsed=elapsed)
        expected = solved(ltc_slope(net.cell), x.detach().numpy(), elapsed.detach().numpy())
        errors.append(np.abs(state[0].detach().numpy() - expected[:, -1]).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.2)


def test_ode_rnn_with_an_update_at_the_observation() -> None:
    torch.manual_seed(0)
    net = models.build("ode_rnn", FEATURES, UNITS, flavour="latent_ode", solver="ode", tolerance=1e-12).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    cell: Any = net.cell
    p = arrays(cell)
    gru = torch.nn.GRUCell(FEATURES, UNITS).double()
    bias_h = torch.cat([torch.zeros(2 * UNITS, dtype=torch.float64), cell.gru.bias_n.detach()])
    gru.load_state_dict({
        "weight_ih": cell.gru.gates.weight_x, "weight_hh": cell.gru.gates.weight_h,
        "bias_ih": cell.gru.gates.bias, "bias_hh": bias_h,
    })  # fmt: skip
    x, elapsed = (value.detach() for value in sequences(BATCH, STEPS, FEATURES))

    def slope(_: Array, h: Array) -> Array:
        hidden = np.tanh(p["field.0.weight"] @ h + p["field.0.bias"])
        result: Array = p["field.2.weight"] @ hidden + p["field.2.bias"]
        return result

    y = net(x, elapsed=elapsed)[0]
    one = np.zeros((1, FEATURES))
    for i in range(BATCH):
        h = np.zeros(UNITS)
        for t in range(STEPS):
            path = solve_ivp(
                lambda _, h: slope(one, h), (0, elapsed[i, t].item()), h, method="DOP853", rtol=1e-13, atol=1e-13
            )
            h = gru(x[i, t][None], torch.from_numpy(path.y[:, -1])[None])[0].detach().numpy()
            np.testing.assert_allclose(y[i, t].detach().numpy(), h, rtol=1e-10, atol=1e-10)
