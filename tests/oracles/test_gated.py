"""Gated cells, time as an input or a decay, against transcriptions of their papers."""

import math

import numpy as np
import pytest
import torch

from ltcbench import models

from .transcription import BATCH, FEATURES, STEPS, UNITS, Array, assert_follows, dot, joint, lstm, network, sigmoid


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


def test_relu_gru() -> None:
    net, p = network("relu_gru")
    W, b = joint(p, "gates")

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, outputs = np.zeros(UNITS), []
        for t in range(STEPS):
            r = np.array([sigmoid(dot(W[u], x[t], h) + b[u]) for u in range(UNITS)])
            z = [sigmoid(dot(W[UNITS + u], x[t], h) + b[UNITS + u]) for u in range(UNITS)]
            n = [max(0.0, dot(W[2 * UNITS + u], x[t], r * h) + b[2 * UNITS + u]) for u in range(UNITS)]
            h = np.array([(1 - z[u]) * h[u] + z[u] * n[u] for u in range(UNITS)])
            outputs.append(h)
        return outputs

    assert_follows(net, sample)
    assert models.build("relu_gru", 128, 128).size() == 98_688


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
