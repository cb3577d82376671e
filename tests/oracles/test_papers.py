"""Cells against slow transcriptions of their papers' equations, unit by unit, written from the papers.

Where a cell follows its authors' code instead (see the ``Deviations`` of its docstring), the transcription says so.
Gradients are checked against finite differences in tests/models/test_registry.py.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ltcbench import models

from .compare import sequences

BATCH, STEPS, FEATURES, UNITS = 2, 6, 2, 3
Array = NDArray[np.float64]


def network(name: str, **options: Any) -> tuple[models.Network, dict[str, Array]]:
    """A network in float64 with weights that are nowhere 0, and its cell's parameters."""
    torch.manual_seed(0)
    net = models.build(name, FEATURES, UNITS, **options).double().eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.2 * torch.rand_like(parameter))
    return net, {key: value.detach().numpy() for key, value in net.cell.state_dict().items()}


def assert_follows(net: models.Network, sample: Callable[[Array, Array, Array], list[Array]], **keywords: Any) -> None:
    """Outputs are those of ``sample(x (T, F), elapsed (T,), mask (T, F))``, called for each sequence by itself."""
    x, elapsed = (value.detach() for value in sequences(BATCH, STEPS, FEATURES))
    mask: Tensor | None = keywords.pop("mask", None)
    y, _ = net(x, elapsed=elapsed, mask=mask)
    observed = torch.ones_like(x) if mask is None else mask.double()
    for i in range(BATCH):
        expected = np.stack(sample(x[i].numpy(), elapsed[i].numpy(), observed[i].numpy()))
        np.testing.assert_allclose(y[i].detach().numpy(), expected, rtol=1e-10, atol=1e-10)


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def dot(weights: Array, *vectors: Array) -> float:
    """Inner product of a row of weights with vectors one behind the other."""
    values = [value for vector in vectors for value in vector]
    assert len(values) == len(weights)
    return sum(float(w) * float(v) for w, v in zip(weights, values, strict=True))


def joint(p: dict[str, Array], name: str) -> tuple[Array, Array]:
    """[W_x W_h] and b of an affine map."""
    return np.concatenate([p[f"{name}.weight_x"], p[f"{name}.weight_h"]], axis=1), p[f"{name}.bias"]


def lstm(W: Array, b: Array, x: Array, h: Array, c: Array, forget_bias: float) -> tuple[Array, Array]:
    """h and c of a step; the rows of W are those of i, j, f, o."""
    new_h, new_c = np.zeros(UNITS), np.zeros(UNITS)
    for u in range(UNITS):
        i, j, f, o = (dot(W[block * UNITS + u], x, h) + b[block * UNITS + u] for block in range(4))
        new_c[u] = sigmoid(f + forget_bias) * c[u] + sigmoid(i) * math.tanh(j)
        new_h[u] = sigmoid(o) * math.tanh(new_c[u])
    return new_h, new_c


@pytest.mark.parametrize("decay_bug", [False, True])
@pytest.mark.parametrize("per_scale", [False, True])
def test_ctgru(per_scale: bool, decay_bug: bool) -> None:
    net, p = network("ctgru", scales=4, per_scale=per_scale, decay_bug=decay_bug)
    (W, b), (W_q, b_q) = joint(p, "scales"), joint(p, "event")
    tau = [1.0, 10**0.5, 10.0, 10**1.5]

    def softmax(ln_tau: Array) -> Array:
        weights = np.array([math.exp(-((ln_tau[k] - math.log(tau[k])) ** 2)) for k in range(4)])
        return weights / weights.sum()

    def log_tau(block: int, u: int, x: Array, h: Array) -> Array:
        width = 4 if per_scale else 1
        first = (block * UNITS + u) * width
        return np.array([dot(W[first + k % width], x, h) + b[first + k % width] for k in range(4)])

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h_k = np.zeros((UNITS, 4))
        outputs = []
        for t in range(STEPS):
            h = h_k.sum(1)
            r = np.stack([softmax(log_tau(0, u, x[t], h)) for u in range(UNITS)])
            s = np.stack([softmax(log_tau(1, u, x[t], h)) for u in range(UNITS)])
            read = (r * h_k).sum(1)
            q = [math.tanh(dot(W_q[u], x[t], read) + b_q[u]) for u in range(UNITS)]
            for u in range(UNITS):
                for k in range(4):
                    decay = math.exp(-elapsed[t] / tau[k])
                    if decay_bug:  # LTC paper's code
                        decay = 0 if k == 0 else math.exp(-elapsed[t] / math.log(tau[k]))
                    h_k[u, k] = ((1 - s[u, k]) * h_k[u, k] + s[u, k] * q[u]) * decay
            outputs.append(h_k.sum(1))
        return outputs

    assert_follows(net, sample)


@pytest.mark.parametrize("masked", [False, True])
def test_gru_d(masked: bool) -> None:
    net, p = network("gru_d", feature_mask=masked)
    W, b = joint(p, "gates")
    mask = torch.tensor([[1, 0], [0, 1], [1, 0], [0, 0], [1, 1], [0, 1]]).bool()
    means = np.array([0.3, -0.2])
    if masked:
        net.cell.imputation.mean.copy_(torch.from_numpy(means))

    def sample(x: Array, elapsed: Array, m: Array) -> list[Array]:
        h, last, delta = np.zeros(UNITS), means.copy(), np.zeros(FEATURES)
        outputs: list[Array] = []
        for t in range(STEPS):
            for d in range(FEATURES):
                delta[d] = elapsed[t] + (delta[d] if t > 0 and m[t - 1, d] == 0 else 0)
                if t == 0:
                    delta[d] = elapsed[t]
            x_hat = x[t].copy()
            if masked:
                for d in range(FEATURES):
                    gamma = math.exp(-max(0, p["imputation.w"][d] * delta[d] + p["imputation.b"][d]))
                    if m[t, d] == 0:
                        x_hat[d] = gamma * last[d] + (1 - gamma) * means[d]
                    else:
                        last[d] = x[t, d]
            since = delta if masked else elapsed[t : t + 1]
            h = np.array([
                math.exp(-max(0, dot(p["decay.weight"][u], since) + p["decay.bias"][u])) * h[u] for u in range(UNITS)
            ])  # fmt: skip
            observed = (x_hat, m[t]) if masked else (x_hat,)
            r = np.array([sigmoid(dot(W[u], *observed, h) + b[u]) for u in range(UNITS)])
            z = [sigmoid(dot(W[UNITS + u], *observed, h) + b[UNITS + u]) for u in range(UNITS)]
            new = [math.tanh(dot(W[2 * UNITS + u], *observed, r * h) + b[2 * UNITS + u]) for u in range(UNITS)]
            h = np.array([(1 - z[u]) * h[u] + z[u] * new[u] for u in range(UNITS)])
            outputs.append(h if not masked or m[t].any() else outputs[-1])
        return outputs

    assert_follows(net, sample, mask=mask.expand(BATCH, -1, -1) if masked else None)


def test_rnn_impute_fills_in_what_is_missing() -> None:
    net, p = network("rnn_impute", feature_mask=True)
    plain = models.build("gru", 2 * FEATURES + 1, UNITS).double()
    plain.cell.load_state_dict({key.replace("gru.", ""): torch.from_numpy(p[key]) for key in p if "gru." in key})
    mask = torch.tensor([[0, 1], [1, 0], [1, 0], [0, 0], [1, 1], [0, 1]]).bool()

    def sample(x: Array, elapsed: Array, m: Array) -> list[Array]:
        rows = []
        for t in range(STEPS):
            x_hat = x[t].copy()
            for d in range(FEATURES):
                seen = [k for k in range(t + 1) if m[k, d]]
                last = x[seen[-1], d] if seen else 0.0
                delta = elapsed[(seen[-1] + 1 if seen else 0) : t + 1].sum()
                gamma = math.exp(-max(0, p["imputation.w"][d] * delta + p["imputation.b"][d]))
                if m[t, d] == 0:
                    x_hat[d] = gamma * last  # the mean is 0
            rows.append(np.concatenate([x_hat, m[t], elapsed[t : t + 1]]))
        y, _ = plain(torch.from_numpy(np.stack(rows))[None])
        outputs = list(y[0].detach().numpy())
        outputs[3] = outputs[2]  # nothing observed: the output is repeated
        return outputs

    assert_follows(net, sample, mask=mask.expand(BATCH, -1, -1))


@pytest.mark.parametrize("training", [False, True])
def test_phased_lstm_of_the_paper(training: bool) -> None:
    net, p = network("phased_lstm", flavour="paper")
    net.train(training)
    with torch.no_grad():
        net.cell.r_on.fill_(0.4)
        net.cell.tau.copy_(torch.tensor([0.7, 1.9, 5.0]))
    W, b = joint(p, "gates")

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, c, time = np.zeros(UNITS), np.zeros(UNITS), 0.0
        outputs = []
        for t in range(STEPS):
            time += elapsed[t]
            h_tilde, c_tilde = lstm(W, b, x[t], h, c, 0.0)
            for u in range(UNITS):
                tau, s, r_on = p["tau"][u], p["s"][u], p["r_on"][u]
                phi = math.fmod(time - s, tau) / tau
                phi = phi if phi >= 0 else phi + 1
                if phi < r_on / 2:
                    k = 2 * phi / r_on
                elif phi < r_on:
                    k = 2 - 2 * phi / r_on
                else:
                    k = 0.001 * phi if training else 0.0
                c[u] = k * c_tilde[u] + (1 - k) * c[u]
                h[u] = k * h_tilde[u] + (1 - k) * h[u]
            outputs.append(h.copy())
        return outputs

    assert_follows(net, sample)


def test_phased_lstm_of_the_ode_lstm_code() -> None:
    net, p = network("phased_lstm")
    W, b = joint(p, "gates")
    tau, s, r_on = (math.log1p(math.exp(p[name][0])) for name in ("tau", "s", "r_on"))

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, c = np.zeros(UNITS), np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            phi = ((elapsed[t] - s) - tau * math.floor((elapsed[t] - s) / tau)) / tau
            k = 2 * phi * r_on if phi < r_on / 2 else 2 - 2 * phi / r_on if phi < r_on else 0.001 * phi
            h_tilde, c_tilde = lstm(W, b, x[t], h, c, 1.0)
            h, c = k * h_tilde + (1 - k) * h, k * c_tilde + (1 - k) * c
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


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


def test_ct_lstm() -> None:
    net, p = network("ct_lstm")
    W, b = joint(p, "gates")

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, c, c_bar = np.zeros(UNITS), np.zeros(UNITS), np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            old = h.copy()
            for u in range(UNITS):
                j, i, f, o, i_bar, f_bar, d = (
                    dot(W[block * UNITS + u], x[t], old) + b[block * UNITS + u] for block in range(7)
                )
                c[u] = sigmoid(f) * c[u] + sigmoid(i) * math.tanh(j)
                c_bar[u] = sigmoid(f_bar) * c_bar[u] + sigmoid(i_bar) * math.tanh(j)
                decayed = c_bar[u] + (c[u] - c_bar[u]) * math.exp(-math.log1p(math.exp(d)) * elapsed[t])
                h[u] = sigmoid(o) * (2 * sigmoid(2 * decayed) - 1)
            outputs.append(h.copy())
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


def test_rnn_decay() -> None:
    net, p = network("rnn_decay")
    W, b = joint(p, "layer")

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h = np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            inner = np.array([math.tanh(dot(W[u], x[t], h) + b[u]) for u in range(UNITS)])
            h = np.array([
                dot(p["out.weight"][u], inner) + p["out.bias"][u] - elapsed[t] * p["tau"][u] for u in range(UNITS)
            ])  # fmt: skip
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


def test_rnn_decay_of_latent_ode() -> None:
    net, p = network("rnn_decay", flavour="latent_ode")
    gru = models.build("gru", FEATURES, UNITS).double()
    gru.cell.load_state_dict({key.removeprefix("gru."): torch.from_numpy(p[key]) for key in p if "gru." in key})

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h = np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            rate = max(0, p["rate.weight"][0, 0] * elapsed[t] + p["rate.bias"][0])
            decayed = torch.from_numpy(math.exp(-rate) * h)[None]
            h = gru(torch.from_numpy(x[t])[None, None], (decayed,))[0][0, 0].detach().numpy()
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


@pytest.mark.parametrize("flavour", ["torch", "tf"])
def test_cfc_mixed_memory(flavour: str) -> None:
    net, p = network("cfc_mm", flavour=flavour, backbone_units=4, backbone_activation="tanh", forget_bias=0.6)

    def cfc(x: Array, h: Array, t: float) -> Array:
        W, b = p["cfc.backbone.0.weight"], p["cfc.backbone.0.bias"]
        z = np.array([math.tanh(dot(W[u], x, h) + b[u]) for u in range(4)])
        ff1, ff2, t_a, t_b = (p[f"cfc.heads.{i}.weight"] @ z + p[f"cfc.heads.{i}.bias"] for i in range(4))
        if flavour == "tf":
            g = np.array([sigmoid(value) for value in -t_a * t + t_b])
            ff1, ff2 = 1.7159 * np.tanh(0.666 * ff1), 1.7159 * np.tanh(0.666 * ff2)
        else:
            g = np.array([sigmoid(value) for value in t_a * t + t_b])
            ff1, ff2 = np.tanh(ff1), np.tanh(ff2)
        return ff1 * (1 - g) + g * ff2

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, c = np.zeros(UNITS), np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            m, c = lstm(*joint(p, "gates"), x[t], h, c, 0.6)
            h = cfc(m, h, elapsed[t]) if flavour == "tf" else cfc(x[t], m, elapsed[t])
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


@pytest.mark.parametrize("flavour", ["torch", "tf"])
@pytest.mark.parametrize("name", ["cfc", "cfc_nogate", "cfc_s"])
def test_cfc(name: str, flavour: str) -> None:
    net, p = network(name, flavour=flavour, backbone_units=4, backbone_activation="tanh")
    heads = 1 if name == "cfc_s" else 4
    tf = flavour == "tf"

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h = np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            z = [math.tanh(dot(p["backbone.0.weight"][u], x[t], h) + p["backbone.0.bias"][u]) for u in range(4)]
            new = np.zeros(UNITS)
            for u in range(UNITS):
                head = [dot(p[f"heads.{i}.weight"][u], np.array(z)) + p[f"heads.{i}.bias"][u] for i in range(heads)]
                if name == "cfc_s":
                    decay = math.exp(-elapsed[t] * (abs(p["w_tau"][u]) + abs(head[0])))
                    new[u] = -p["A"][u] * decay * head[0] + p["A"][u]
                    continue
                ff1, ff2 = (1.7159 * math.tanh(0.666 * v) if tf else math.tanh(v) for v in head[:2])
                g = sigmoid((-1 if tf else 1) * head[2] * elapsed[t] + head[3])
                new[u] = ff1 + g * ff2 if name == "cfc_nogate" else ff1 * (1 - g) + g * ff2
            h = new
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


@pytest.mark.parametrize("flavour", ["ltc", "cfc_torch", "cfc_tf"])
def test_ltc(flavour: str) -> None:
    net, p = network("ltc", flavour=flavour)

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        v = np.zeros(UNITS)
        outputs = []
        for t in range(STEPS):
            u = p["input_w"] * x[t] + p["input_b"]
            # the authors divide the capacity by the step: 1 for the LTC paper, here the elapsed time
            h = {"ltc": elapsed[t], "cfc_torch": (elapsed[t] + 1) / 6, "cfc_tf": (elapsed[t] + 1e-3) / 6}[flavour]
            cm_t = p["cm"] / h
            for _unfold in range(6):
                new = np.zeros(UNITS)
                for i in range(UNITS):
                    numerator = cm_t[i] * v[i] + p["gleak"][i] * p["vleak"][i]
                    denominator = cm_t[i] + p["gleak"][i]
                    for name, source in (("sensory", u), ("recurrent", v)):
                        for j in range(len(source)):
                            argument = p[f"{name}.sigma"][i, j] * (source[j] - p[f"{name}.mu"][i, j])
                            conductance = p[f"{name}.w"][i, j] * sigmoid(argument)
                            numerator += conductance * p[f"{name}.erev"][i, j]
                            denominator += conductance
                    new[i] = numerator / (denominator + (0 if flavour == "ltc" else 1e-8))
                v = new
            outputs.append(v * p["output_w"] + p["output_b"] if flavour == "cfc_tf" else v)
        return outputs

    if flavour == "ltc":  # our denominator has the other codes' 1e-8
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ltcbench.models.cells.ltc.EPSILON", 0.0)
            assert_follows(net, sample)
    else:
        assert_follows(net, sample)
