"""Classical models against torch.nn, which computes with our parameters."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from ltcbench import models
from ltcbench.bench.weights import lstm_parameters

from .compare import assert_same, sequences

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def built(name: str, dtype: torch.dtype, **options: Any) -> tuple[models.Network, Any]:
    torch.manual_seed(0)
    net = models.build(name, FEATURES, UNITS, **options).to(dtype)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))  # biases that are not 0
    return net, net.cell


def recurrent(module: nn.Module, weight_x: Tensor, weight_h: Tensor, bias: Tensor, bias_h: Tensor, x: Tensor) -> Tensor:
    parameters = {"weight_ih_l0": weight_x, "weight_hh_l0": weight_h, "bias_ih_l0": bias, "bias_hh_l0": bias_h}
    output: Tensor = functional_call(module, parameters, (x,), strict=True)[0]
    return output


@dtypes
def test_rnn(dtype: torch.dtype) -> None:
    net, cell = built("rnn", dtype)
    x, _ = sequences(BATCH, STEPS, FEATURES, dtype)
    layer = cell.layer
    theirs = nn.RNN(FEATURES, UNITS, batch_first=True)
    y = recurrent(theirs, layer.weight_x, layer.weight_h, layer.bias, torch.zeros(UNITS, dtype=dtype), x)
    assert_same(net(x)[0], y, [x, *net.parameters()])


@dtypes
def test_lstm(dtype: torch.dtype) -> None:
    net, cell = built("lstm", dtype, forget_bias=1.5)
    x, _ = sequences(BATCH, STEPS, FEATURES, dtype)
    theirs = nn.LSTM(FEATURES, UNITS, batch_first=True)
    y = functional_call(theirs, lstm_parameters(cell), (x,), strict=True)[0]
    assert_same(net(x)[0], y, [x, *net.parameters()])


@dtypes
def test_gru(dtype: torch.dtype) -> None:
    net, cell = built("gru", dtype)
    x, _ = sequences(BATCH, STEPS, FEATURES, dtype)
    gates = cell.gates
    bias_h = torch.cat([torch.zeros(2 * UNITS, dtype=dtype), cell.bias_n])
    theirs = nn.GRU(FEATURES, UNITS, batch_first=True)
    y = recurrent(theirs, gates.weight_x, gates.weight_h, gates.bias, bias_h, x)
    assert_same(net(x)[0], y, [x, *net.parameters()])


@dtypes
def test_aug_lstm_and_rnn_dt_append_the_elapsed_time(dtype: torch.dtype) -> None:
    x, elapsed = sequences(BATCH, STEPS, FEATURES, dtype)
    longer = torch.cat([x, elapsed[..., None]], dim=2)
    for timed, plain in (("aug_lstm", "lstm"), ("rnn_dt", "gru"), ("rnn_impute", "gru")):
        net, _ = built(timed, dtype)
        other = models.build(plain, FEATURES + 1, UNITS).to(dtype)
        names = [key.replace("gru.", "") for key, _ in net.cell.named_parameters()]
        values = dict(zip((f"cell.{name}" for name in names), net.cell.parameters(), strict=True))
        y: Tensor = functional_call(other, values, (longer,), strict=True)[0]
        assert_same(net(x, elapsed=elapsed)[0], y, [x, elapsed, *net.parameters()])


@dtypes
@pytest.mark.parametrize("heads", [1, 2])
def test_transformer(dtype: torch.dtype, heads: int) -> None:
    net, cell = built("transformer", dtype, layers=2, heads=heads, feedforward=3)
    net.eval()
    x, elapsed = sequences(BATCH, STEPS, FEATURES, dtype)
    theirs = nn.TransformerEncoderLayer(UNITS, heads, 3 * UNITS, 0.0, batch_first=True)
    times = elapsed.cumsum(1)
    slow = times / 10000 ** (2 / UNITS)
    u = cell.embed(x) + torch.stack([times.sin(), times.cos(), slow.sin(), slow.cos()], dim=2)
    for layer in cell.layers:
        parameters = {
            "self_attn.in_proj_weight": layer.attend.weight,
            "self_attn.in_proj_bias": layer.attend.bias,
            "self_attn.out_proj.weight": layer.out.weight,
            "self_attn.out_proj.bias": layer.out.bias,
            "linear1.weight": layer.widen.weight,
            "linear1.bias": layer.widen.bias,
            "linear2.weight": layer.narrow.weight,
            "linear2.bias": layer.narrow.bias,
        }
        for norm in ("norm1", "norm2"):
            parameters |= {f"{norm}.{key}": value for key, value in getattr(layer, norm).named_parameters()}
        later = torch.ones(STEPS, STEPS, dtype=torch.bool).triu(1)
        u = functional_call(theirs, parameters, (u,), {"src_mask": later}, strict=True)
    assert_same(net(x, elapsed=elapsed)[0], u, [x, elapsed, *net.parameters()])
