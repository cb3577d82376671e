"""LSTM, GRU and plain RNN through torch's own kernels for whole sequences, which know no mask."""

import torch
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.aug_lstm import AugLSTM
from ltcbench.models.cells.cell import State
from ltcbench.models.cells.gru import GRU
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.cells.rnn import RNN

# has_biases, num_layers, dropout, train, bidirectional, batch_first
_ONE_LAYER = (True, 1, 0.0, False, False, False)


def lstm(cell: LSTM, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
    """Outputs of an LSTM or an augmented LSTM; arguments as of ``ltcbench.models.scan.scan``."""
    if isinstance(cell, AugLSTM):
        x = torch.cat([x, elapsed.unsqueeze(-1)], dim=2)
    i, j, f, o = range(4)  # our order of the gates; torch's is i, f, j, o
    weight_x, weight_h, bias = (_reordered(tensor, (i, f, j, o)) for tensor in _parameters(cell.gates))
    size = cell.hidden_size
    bias = torch.cat([bias[:size], bias[size : 2 * size] + cell.forget_bias, bias[2 * size :]])
    start = [part.unsqueeze(0) for part in state]
    y, h, c = torch.lstm(x, start, [weight_x, weight_h, bias, torch.zeros_like(bias)], *_ONE_LAYER)
    return y, (h[0], c[0])


def gru(cell: GRU, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
    """Outputs of a GRU, or of one with the elapsed time as its last input; arguments as of ``scan``."""
    if cell.uses_elapsed:
        x = torch.cat([x, elapsed.unsqueeze(-1)], dim=2)
    weight_x, weight_h, bias = _parameters(cell.gates)
    bias_h = torch.cat([torch.zeros_like(bias[: 2 * cell.hidden_size]), cell.bias_n])
    y, h = torch.gru(x, state[0].unsqueeze(0), [weight_x, weight_h, bias, bias_h], *_ONE_LAYER)
    return y, (h[0],)


def rnn(cell: RNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
    """Outputs of a plain RNN; arguments as of ``scan``."""
    weight_x, weight_h, bias = _parameters(cell.layer)
    y, h = torch.rnn_tanh(x, state[0].unsqueeze(0), [weight_x, weight_h, bias, torch.zeros_like(bias)], *_ONE_LAYER)
    return y, (h[0],)


def _parameters(layer: Affine) -> tuple[Tensor, Tensor, Tensor]:
    return layer.weight_x, layer.weight_h, layer.bias


def _reordered(tensor: Tensor, order: tuple[int, ...]) -> Tensor:
    """The blocks of the first dimension in another order."""
    blocks = tensor.chunk(len(order))
    return torch.cat([blocks[i] for i in order])
