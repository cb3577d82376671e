"""Cells with a differential or difference equation against transcriptions of their papers."""

import math

import numpy as np

from .transcription import STEPS, UNITS, Array, assert_follows, dot, joint, lstm, network, sigmoid


def test_cornn() -> None:
    net, p = network("cornn", dt=0.3, gamma=1.2, epsilon=0.7)

    def sample(x: Array, _: Array, __: Array) -> list[Array]:
        y, z = np.zeros(UNITS), np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            old_y, old_z = y.copy(), z.copy()
            for u in range(UNITS):
                force = math.tanh(dot(p["W"][u], old_y, old_z) + dot(p["V.weight"][u], x[t]) + p["V.bias"][u])
                z[u] = old_z[u] + 0.3 * force - 0.3 * 1.2 * old_y[u] - 0.3 * 0.7 * old_z[u]
                y[u] = old_y[u] + 0.3 * z[u]
            outputs.append(y.copy())
        return outputs

    assert_follows(net, sample)


def test_lipschitz_rnn() -> None:
    beta, gamma, dt = 0.75, 0.01, 0.2
    net, p = network("lipschitz_rnn", beta=beta, gamma=gamma, dt=dt)

    def matrix(M: Array) -> Array:
        A = np.zeros((UNITS, UNITS))
        for i in range(UNITS):
            for j in range(UNITS):
                A[i, j] = (1 - beta) * (M[i, j] + M[j, i]) + beta * (M[i, j] - M[j, i]) - (gamma if i == j else 0)
        return A

    A, W = matrix(p["M_A"]), matrix(p["M_W"])

    def sample(x: Array, _: Array, __: Array) -> list[Array]:
        h = np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            h = np.array([
                h[u] + dt * (dot(A[u], h) + math.tanh(dot(W[u], h) + dot(p["U.weight"][u], x[t]) + p["U.bias"][u]))
                for u in range(UNITS)
            ])  # fmt: skip
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


def ctrnn(p: dict[str, Array], x: Array, h: Array, elapsed: float, decay: float = 1.0) -> Array:
    """4 Euler steps of the CT-RNN of the ODE-LSTM code."""
    W, b = joint(p, "ode.drive_map")
    for _ in range(4):
        slope = [p["ode.gain"][u] * math.tanh(dot(W[u], x, h) + b[u]) - decay * h[u] for u in range(UNITS)]
        h = h + elapsed / 4 * np.array(slope)
    return h


def test_ode_lstm() -> None:
    net, p = network("ode_lstm")

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, c = np.zeros(UNITS), np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            m, c = lstm(*joint(p, "gates"), x[t], h, c, 3.0)
            h = ctrnn(p, m, h, elapsed[t])
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


def test_bi_rnn() -> None:
    net, p = network("bi_rnn")

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        m, c, h = np.zeros(UNITS), np.zeros(UNITS), np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            before = m
            m, c = lstm(*joint(p, "gates"), np.concatenate([x[t], h, elapsed[t : t + 1]]), m, c, 1.0)
            h = ctrnn(p, np.concatenate([x[t], before]), h, elapsed[t])
            outputs.append(m + h)
        return outputs

    assert_follows(net, sample)


def test_gru_ode() -> None:
    net, p = network("gru_ode")
    W, b = joint(p, "gates")

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h = np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            for _step in range(4):
                r = np.array([sigmoid(dot(W[u], x[t], h) + b[u]) for u in range(UNITS)])
                z = [sigmoid(dot(W[UNITS + u], x[t], h) + b[UNITS + u]) for u in range(UNITS)]
                g = [math.tanh(dot(W[2 * UNITS + u], x[t], r * h) + b[2 * UNITS + u]) for u in range(UNITS)]
                h = np.array([h[u] + elapsed[t] / 4 * (1 - z[u]) * (g[u] - h[u]) for u in range(UNITS)])
            outputs.append(h)
        return outputs

    assert_follows(net, sample)
