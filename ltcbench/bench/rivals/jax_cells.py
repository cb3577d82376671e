"""Our cells in JAX: what of a sequence does not need the state, then a step of ``jax.lax.scan``.

A parameter has the name that it has in our cell, so both have the same weights. Elapsed times are 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import sigmoid

from ltcbench.bench.rivals.rival import NotThere
from ltcbench.models.cells.cell import Cell
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.gru import GRU
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.cells.ltc import EPSILON, LTC
from ltcbench.models.solvers import TABLEAUS, explicit, fused

Parameters = Mapping[str, Any]
CURVES: dict[str, Callable[[Any], Any]] = {
    "lecun_tanh": lambda x: 1.7159 * jnp.tanh(0.666 * x),
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
}


@dataclass(frozen=True)
class Equations:
    """A cell.

    Attributes:
        drive: parameters, x (T, B, F) -> what the steps need of it, (T, B, ...).
        step: parameters, state, one step of the drive -> the next state.
        states: how many arrays (B, H) a state is.
        output: parameters, states (T, B, H) -> y (T, B, H).
    """

    drive: Callable[[Parameters, Any], Any]
    step: Callable[[Parameters, Any, Any], Any]
    states: int = 1
    output: Callable[[Parameters, Any], Any] = lambda p, h: h


def equations(cell: Cell) -> Equations:
    """Those of one of our cells.

    Raises:
        NotThere: they are not written down here.
    """
    found = CELLS.get(type(cell))
    if found is None:
        raise NotThere
    return found(cell)


def _affine(p: Parameters, name: str, x: Any) -> Any:
    return x @ p[f"{name}.weight_x"].T + p[f"{name}.bias"]


def _lstm(cell: Any) -> Equations:
    def step(p: Parameters, state: Any, of_x: Any) -> Any:
        h, c = state
        i, j, f, o = jnp.split(of_x + h @ p["gates.weight_h"].T, 4, axis=1)
        c = sigmoid(f + cell.forget_bias) * c + sigmoid(i) * jnp.tanh(j)
        return sigmoid(o) * jnp.tanh(c), c

    return Equations(lambda p, x: _affine(p, "gates", x), step, states=2)


def _gru(cell: Any) -> Equations:
    def step(p: Parameters, state: Any, of_x: Any) -> Any:
        (h,) = state
        x_r, x_z, x_n = jnp.split(of_x, 3, axis=1)
        h_r, h_z, h_n = jnp.split(h @ p["gates.weight_h"].T, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        n = jnp.tanh(x_n + r * (h_n + p["bias_n"]))
        return (n + z * (h - n),)

    return Equations(lambda p, x: _affine(p, "gates", x), step)


def _cfc(cell: Any) -> Equations:
    if cell.mask is not None or cell.dropout or cell.variant == "solution":
        raise NotThere("there is no CfC in JAX here with a wiring, with dropout or without heads of time: left out.")
    names = [f"backbone.{i}" for i in range(len(cell.backbone))]
    squash = CURVES["lecun_tanh"] if cell.tf else jnp.tanh

    def layers(p: Parameters) -> list[tuple[Any, Any]]:
        heads = [jnp.concatenate([p[f"heads.{i}.{part}"] for i in range(4)]) for part in ("weight", "bias")]
        return [*((p[f"{name}.weight"], p[f"{name}.bias"]) for name in names), (heads[0], heads[1])]

    def drive(p: Parameters, x: Any) -> Any:
        weight, bias = layers(p)[0]
        return x @ weight[:, : cell.input_size].T + bias

    def step(p: Parameters, state: Any, of_x: Any) -> Any:
        (first, _), *later = layers(p)
        z = of_x + state[0] @ first[:, cell.input_size :].T
        for weight, bias in later:
            z = CURVES[cell.activation](z) @ weight.T + bias
        f1, f2, t_a, t_b = jnp.split(z, 4, axis=1)
        ff1, ff2, g = squash(f1), squash(f2), sigmoid((-t_a if cell.tf else t_a) + t_b)
        return (ff1 + g * ff2 if cell.variant == "no_gate" else ff1 + g * (ff2 - ff1),)

    return Equations(drive, step)


def _ctrnn(cell: Any) -> Equations:
    if cell.solver.name not in TABLEAUS:
        raise NotThere("there is no adaptive solver in JAX here: left out.")

    def step(p: Parameters, state: Any, of_x: Any) -> Any:
        def slope(h: Any) -> Any:
            forward = p.get("gain", 1.0) * jnp.tanh(of_x + h @ p["drive_map.weight_h"].T)
            return forward - h if cell.decays else forward

        h: Any = state[0]
        largest = None
        if cell.bounded and cell.decays:
            largest = jax.lax.stop_gradient(jnp.maximum(jnp.abs(h), jnp.abs(p.get("gain", 1.0))))
        if cell.clip is not None:
            largest = cell.clip if largest is None else jnp.minimum(largest, cell.clip)
        for _ in range(cell.solver.unfolds):
            h = explicit(slope, h, cell.solver.step_size, 1, TABLEAUS[cell.solver.name])
            h = h if largest is None else jnp.clip(h, -largest, largest)
        return (h,)

    return Equations(lambda p, x: _affine(p, "drive_map", x), step)


def _ltc(cell: Any) -> Equations:
    if cell.solver is not None or cell.sensory.mask is not None or cell.recurrent.mask is not None:
        raise NotThere("there is no LTC in JAX here with another solver than the fused one or with a wiring: left out.")
    positive: Callable[[Any], Any] = jax.nn.softplus if cell.softplus else lambda value: value
    duration = 1 + cell.flavour.shift
    h = duration / cell.unfolds if cell.flavour.divided else duration

    def synapses(p: Parameters, name: str, u: Any) -> tuple[Any, Any]:
        w, erev, mu, sigma = (p[f"{name}.{part}"] for part in ("w", "erev", "mu", "sigma"))
        w_s = positive(w) * sigmoid(sigma * (u[..., None, :] - mu))
        return (w_s * erev).sum(-1), w_s.sum(-1)

    def drive(p: Parameters, x: Any) -> Any:
        reversal, conductance = synapses(p, "sensory", x * p["input_w"] + p["input_b"])
        gleak = positive(p["gleak"])
        return reversal + gleak * p["vleak"], conductance + gleak

    def step(p: Parameters, state: Any, of_x: Any) -> Any:
        def sums(v: Any) -> Any:
            reversal, conductance = synapses(p, "recurrent", v)
            return of_x[0] + reversal, of_x[1] + conductance

        return (fused(sums, positive(p["cm"]), state[0], h, cell.unfolds, EPSILON),)

    def output(p: Parameters, v: Any) -> Any:
        return v * p["output_w"] + p["output_b"] if cell.flavour.output_map else v

    return Equations(drive, step, output=output)


CELLS: dict[type[Cell], Callable[[Any], Equations]] = {LSTM: _lstm, GRU: _gru, CfC: _cfc, CTRNN: _ctrnn, LTC: _ltc}
