"""The affine map of inputs and state that most cells begin with."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def glorot(fan_in: int, fan_out: int, gain: float = 1.0) -> Tensor:
    """A weight matrix (fan_out, fan_in), Glorot-uniform."""
    return nn.init.xavier_uniform_(torch.empty(fan_out, fan_in), gain)


class Affine(nn.Module):
    """``W_x x + W_h h + b``; the part of x is computed for a whole sequence at once.

    Args:
        inputs: number of inputs. The first of them are given to ``of_x``; what a cell learns only during a step (the
            elapsed time, another cell's state) is given to ``forward`` and uses the last columns of ``weight_x``.
        hidden_size: H, width of the state.
        outputs: width of each block.
        blocks: number of maps stacked in one, each with weights drawn as if it stood alone.
        init: first values. ``keras``: W_x Glorot-uniform, W_h orthogonal, b = 0 (Keras' recurrent layers, the ODE-LSTM
            code). ``dense``: both Glorot-uniform over their joint shape, b = 0 (TensorFlow's dense layer on [x, h]).
            ``torch``: everything U(-1/sqrt(H), 1/sqrt(H)) (torch.nn's recurrent layers).
    """

    def __init__(self, inputs: int, hidden_size: int, outputs: int, *, blocks: int = 1, init: str = "keras") -> None:
        super().__init__()
        bound = 1 / math.sqrt(hidden_size)
        weight_x, weight_h, bias = [], [], []
        for _ in range(blocks):
            if init == "keras":
                weight_x.append(glorot(inputs, outputs))
                weight_h.append(nn.init.orthogonal_(torch.empty(outputs, hidden_size)))
                bias.append(torch.zeros(outputs))
            elif init == "dense":
                joint = glorot(inputs + hidden_size, outputs)
                weight_x.append(joint[:, :inputs])
                weight_h.append(joint[:, inputs:])
                bias.append(torch.zeros(outputs))
            else:
                weight_x.append(torch.empty(outputs, inputs).uniform_(-bound, bound))
                weight_h.append(torch.empty(outputs, hidden_size).uniform_(-bound, bound))
                bias.append(torch.empty(outputs).uniform_(-bound, bound))
        self.weight_x = nn.Parameter(torch.cat(weight_x))
        self.weight_h = nn.Parameter(torch.cat(weight_h))
        self.bias = nn.Parameter(torch.cat(bias))

    def of_x(self, x: Tensor) -> Tensor:
        """``W_x x + b`` for the first inputs: (..., up to ``inputs``) -> (..., blocks x outputs)."""
        return F.linear(x, self.weight_x[:, : x.shape[-1]], self.bias)

    def with_further(self, of_x: Tensor, *further: Tensor) -> Tensor:
        """What ``of_x`` gave, with the part of the further inputs, each (B, n)."""
        column = self.weight_x.shape[1] - sum(part.shape[1] for part in further)
        for part in further:
            of_x = torch.addmm(of_x, part, self.weight_x[:, column : column + part.shape[1]].t())
            column += part.shape[1]
        return of_x

    def forward(self, of_x: Tensor, h: Tensor, *further: Tensor) -> Tensor:
        """The whole map, of what ``of_x`` gave, the state (B, H) and the further inputs, each (B, n)."""
        return torch.addmm(self.with_further(of_x, *further), h, self.weight_h.t())


class Dense(nn.Linear):
    """A dense layer with TensorFlow's first values: Glorot-uniform weights, zero bias."""

    def reset_parameters(self) -> None:
        """Draw the first values."""
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)
