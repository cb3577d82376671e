"""LSTM, GRU and plain RNN through torch's own kernels for whole sequences, which know no mask with holes."""

from collections.abc import Callable

import torch
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.aug_lstm import AugLSTM
from ltcbench.models.cells.cell import State
from ltcbench.models.cells.gru import GRU
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.cells.rnn import RNN
from ltcbench.models.packing import Sizes, completed

# has_biases, num_layers, dropout, train, bidirectional, batch_first
_ONE_LAYER = (True, 1, 0.0, False, False, False)


def lstm(cell: LSTM, x: Tensor, state: State, elapsed: Tensor, mask: None, sizes: Sizes) -> tuple[Tensor, State]:
    """Outputs of an LSTM or an augmented LSTM; arguments as of ``ltcbench.models.scan.scan``."""
    if isinstance(cell, AugLSTM):
        x = torch.cat([x, elapsed.unsqueeze(1)], dim=1)
    i, j, f, o = range(4)  # our order of the gates; torch's is i, f, j, o
    weight_x, weight_h, bias = (_reordered(tensor, (i, f, j, o)) for tensor in _parameters(cell.gates))
    size = cell.hidden_size
    bias = torch.cat([bias[:size], bias[size : 2 * size] + cell.forget_bias, bias[2 * size :]])
    return _run(torch.lstm, x, state, [weight_x, weight_h, bias, torch.zeros_like(bias)], sizes)


def gru(cell: GRU, x: Tensor, state: State, elapsed: Tensor, mask: None, sizes: Sizes) -> tuple[Tensor, State]:
    """Outputs of a GRU, or of one with the elapsed time as its last input; arguments as of ``scan``."""
    if cell.uses_elapsed:
        x = torch.cat([x, elapsed.unsqueeze(1)], dim=1)
    weight_x, weight_h, bias = _parameters(cell.gates)
    bias_h = torch.cat([torch.zeros_like(bias[: 2 * cell.hidden_size]), cell.bias_n])
    return _run(torch.gru, x, state, [weight_x, weight_h, bias, bias_h], sizes)


def rnn(cell: RNN, x: Tensor, state: State, elapsed: Tensor, mask: None, sizes: Sizes) -> tuple[Tensor, State]:
    """Outputs of a plain RNN; arguments as of ``scan``."""
    weight_x, weight_h, bias = _parameters(cell.layer)
    return _run(torch.rnn_tanh, x, state, [weight_x, weight_h, bias, torch.zeros_like(bias)], sizes)


def _run(
    kernel: Callable[..., tuple[Tensor, ...]], x: Tensor, state: State, weights: list[Tensor], sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs and last state of a kernel: of its form for packed sequences only where they need it."""
    alive = [part[: sizes[0]].unsqueeze(0) for part in state]
    start = alive if kernel is torch.lstm else alive[0]
    if sizes[0] == sizes[-1]:
        y, *last = kernel(x.unflatten(0, (len(sizes), sizes[0])), start, weights, *_ONE_LAYER)
        y = y.flatten(0, 1)
    else:
        y, *last = kernel(x, torch.tensor(sizes), start, weights, *_ONE_LAYER[:-1])
    return y, completed(tuple(part[0] for part in last), state)


def _parameters(layer: Affine) -> tuple[Tensor, Tensor, Tensor]:
    return layer.weight_x, layer.weight_h, layer.bias


def _reordered(tensor: Tensor, order: tuple[int, ...]) -> Tensor:
    """The blocks of the first dimension in another order."""
    blocks = tensor.chunk(len(order))
    return torch.cat([blocks[i] for i in order])
