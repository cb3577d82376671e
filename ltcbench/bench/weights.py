"""Which of other people's parameters is which of ours: ours, by their names.

What is returned are our parameters themselves, or views of them: gradients reach ours through it.
"""

from typing import Any

import torch
from torch import Tensor


def ltc_parameters(cell: Any) -> dict[str, Tensor]:
    """Ours by the names of ncps' ``LTCCell``."""
    names = ("vleak", "gleak", "cm", "input_w", "input_b", "output_w", "output_b")
    values: dict[str, Tensor] = {name: getattr(cell, name) for name in names}
    for name in ("w", "erev", "mu", "sigma"):  # ncps lays synapses out [pre, post]
        values[name] = getattr(cell.recurrent, name).t()
        values[f"sensory_{name}"] = getattr(cell.sensory, name).t()
    return values


def cfc_parameters(cell: Any) -> dict[str, Tensor]:
    """Ours by the names of ncps' ``CfCCell``."""
    values: dict[str, Tensor] = {}
    for i, layer in enumerate(cell.backbone):
        values |= {f"backbone.{2 * i}.weight": layer.weight, f"backbone.{2 * i}.bias": layer.bias}
    pure = cell.variant == "solution"
    for name, head in zip(["ff1"] if pure else ["ff1", "ff2", "time_a", "time_b"], cell.heads, strict=True):
        values |= {f"{name}.weight": head.weight, f"{name}.bias": head.bias}
    return values | ({"w_tau": cell.w_tau, "A": cell.A} if pure else {})


def lstm_parameters(cell: Any) -> dict[str, Tensor]:
    """Ours by the names of ``torch.nn.LSTM``."""
    size, gates = cell.hidden_size, cell.gates

    def reordered(value: Tensor) -> Tensor:
        i, j, f, o = value.split(size)
        return torch.cat([i, f, j, o])  # torch.nn's order

    forget = torch.zeros_like(gates.bias)
    forget[size : 2 * size] = cell.forget_bias
    return {
        "weight_ih_l0": reordered(gates.weight_x),
        "weight_hh_l0": reordered(gates.weight_h),
        "bias_ih_l0": reordered(gates.bias),
        "bias_hh_l0": forget,
    }


def mixed_memory_parameters(cell: Any) -> dict[str, Tensor]:
    """The LSTM's of our ``MixedCfC`` by the names of ncps' ``LSTMCell``, whose forget bias is 1."""
    gates = cell.gates

    def reordered(value: Tensor) -> Tensor:
        i, j, f, o = value.split(cell.hidden_size)
        return torch.cat([j, i, f, o])

    return {
        "input_map.weight": reordered(gates.weight_x),
        "input_map.bias": reordered(gates.bias),
        "recurrent_map.weight": reordered(gates.weight_h),
    }
