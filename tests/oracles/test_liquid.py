"""LTC and the CfC family against transcriptions of the two papers and of their code."""

import math

import numpy as np
import pytest

from .transcription import STEPS, UNITS, Array, assert_follows, dot, joint, lstm, network, sigmoid


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
