"""The random networks of the LTC paper's section 5, as its released scripts have them and as its equation 1 does.

d layers of k units; x is the state of a layer, u its input: I(t) = (sin t, cos t) for the first, the state of the layer
below for the others; z = W u + b, r = W_r x + b_r, and f an activation.

    model     two_drives, without recurrence            else
    NODE      dx/dt = f(z)                              f(W u + W_r x + b)
    CT-RNN    -x / tau + f(z)                           -x / tau + f(W u + W_r x + b)
    LTC       -x (1 / tau + |f(z)| + |f(r)|)            -x (1 / tau + |f|) + A f  with  f = f(W u + W_r x + b)
              + a f(z) + a_r f(r)

Source: LTC paper (arXiv 2006.04439), sections 2 and 5 and appendix; ``trajectory_length_analysis/`` of its repository.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MODELS = ("node", "ctrnn", "ltc")
SAMPLES = 100  # of the input, both ends of the circle included


@dataclass(frozen=True)
class Quirks:
    """How a network differs from the paper's text; see ``conf/experiment/trajectory.yaml`` for each."""

    variance_as_sd: bool
    tau_near_zero: bool
    tau_sd: float
    baselines_without_recurrence: bool
    summed_reversal: bool
    linear_hard_tanh: bool
    absolute_decay: bool
    two_drives: bool
    sampled_input: bool


@dataclass(frozen=True)
class Weights:
    """One draw, shared by all models.

    Attributes:
        W, W_r: of the input and of the state: (layers, source, unit); of the first layer's W only two rows are used.
        b, b_r: biases: (layers, unit).
        E, E_r: reversal potentials, summed over the first index of a layer: (layers, unit, unit).
        tau: time constants: (layers, unit).
    """

    W: Array
    b: Array
    E: Array
    tau: Array
    W_r: Array
    b_r: Array
    E_r: Array


def drawn(seed: int, width: int, layers: int, spread: float, quirks: Quirks, reversal: float | None = None) -> Weights:
    """The weights of a seed: standard normal numbers in a fixed order, then scaled.

    Args:
        seed: of ``numpy.random.default_rng``.
        width: units of a layer, k.
        layers: d.
        spread: the paper's variance of the weights, to be divided by k; under ``variance_as_sd`` their deviation.
        quirks: which decide the scales.
        reversal: variance of the reversal potentials; None: they are scaled as the weights.
    """
    normal = np.random.default_rng(seed).standard_normal
    square, row = (layers, width, width), (layers, width)
    scale = spread if quirks.variance_as_sd else np.sqrt(spread / width)
    size = scale if reversal is None else np.sqrt(reversal)
    W, b, E = scale * normal(square), normal(row), size * normal(square)
    tau = np.abs(normal(layers * width)).reshape(row)
    tau = quirks.tau_sd * tau if quirks.tau_near_zero else 1 / tau
    return Weights(W, b, E, tau, scale * normal(square), normal(row), size * normal(square))


def circle(t: Array) -> Array:
    """The input I(t) = (sin t, cos t): (n, 2)."""
    return np.stack([np.sin(t), np.cos(t)], axis=1)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "hard_tanh": lambda z: np.minimum(np.maximum(z, -1), 1),
    "identity": lambda z: z,
}


def right_hand_side(model: str, weights: Weights, activation: str, quirks: Quirks) -> Callable[[float, Array], Array]:
    """dx/dt = F(t, x) of a network, x being the states of all its layers, one after another: (layers * k,).

    Args:
        model: ``node``, ``ctrnn`` or ``ltc``.
        weights: of the network.
        activation: a name in ``ACTIVATIONS``.
        quirks: which equation.
    """
    linear = activation == "hard_tanh" and quirks.linear_hard_tanh
    f = ACTIVATIONS["identity" if linear else activation]
    derivative = {"node": _node, "ctrnn": _ctrnn, "ltc": _ltc}[model](weights, f, quirks)
    drive, W, b = _drive(weights, quirks), weights.W[1:], weights.b[1:]
    shape = weights.b.shape

    def F(t: float, x: Array) -> Array:
        x, z = x.reshape(shape), np.empty(shape)
        z[0] = drive(t)
        if len(z) > 1:
            z[1:] = _times(x[:-1], W) + b
        return derivative(z, x).ravel()

    return F


Derivative = Callable[[Array, Array], Array]  # of z and x: (layers, k) each


def _times(x: Array, W: Array) -> Array:
    """W x of every layer: (layers, k) and (layers, k, k) -> (layers, k)."""
    product: Array = np.matmul(x[:, None], W)[:, 0]
    return product


def _node(weights: Weights, f: Callable[[Array], Array], quirks: Quirks) -> Derivative:
    if quirks.baselines_without_recurrence:
        return lambda z, x: f(z)
    return lambda z, x: f(z + _times(x, weights.W_r))


def _ctrnn(weights: Weights, f: Callable[[Array], Array], quirks: Quirks) -> Derivative:
    node, leak = _node(weights, f, quirks), 1 / weights.tau
    return lambda z, x: node(z, x) - leak * x


def _ltc(weights: Weights, f: Callable[[Array], Array], quirks: Quirks) -> Derivative:
    W_r, b_r, leak = weights.W_r, weights.b_r, 1 / weights.tau
    A, A_r = (E.sum(axis=1) if quirks.summed_reversal else E[:, 0] for E in (weights.E, weights.E_r))

    def size(y: Array) -> Array:
        return np.abs(y) if quirks.absolute_decay else y

    def two(z: Array, x: Array) -> Array:
        y, y_r = f(z), f(_times(x, W_r) + b_r)
        change: Array = A * y + A_r * y_r - x * (leak + size(y) + size(y_r))
        return change

    def one(z: Array, x: Array) -> Array:
        y = f(z + _times(x, W_r))
        change: Array = A * y - x * (leak + size(y))
        return change

    return two if quirks.two_drives else one


def _drive(weights: Weights, quirks: Quirks) -> Callable[[float], Array]:
    """The drive W I(t) + b of the first layer, with I(t) sampled and joined by straight lines, or exact."""
    W, b = weights.W[0, :2], weights.b[0]
    if not quirks.sampled_input:
        return lambda t: np.sin(t) * W[0] + np.cos(t) * W[1] + b
    gap = 2 * np.pi / (SAMPLES - 1)
    z = circle(np.linspace(0, 2 * np.pi, SAMPLES)) @ W + b
    slope = np.diff(z, axis=0)

    def drive(t: float) -> Array:
        place = t % (2 * np.pi) / gap if t > 2 * np.pi else t / gap
        i = min(int(place), SAMPLES - 2)
        value: Array = z[i] + (place - i) * slope[i]
        return value

    return drive
