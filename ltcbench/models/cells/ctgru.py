"""Continuous-time GRU (Mozer et al. 2017, arXiv 1710.04110).

The memory h_k is held on M time scales tau_k = 10^(k/2), k = 0..M-1. With h = sum_k h_k and the elapsed time t:

    r_k = softmax_k(-(R_k [x, h] - ln tau_k)^2)               from which scales is read
    q = tanh(Q [x, sum_k r_k h_k])                            the event
    s_k = softmax_k(-(S_k [x, h] - ln tau_k)^2)               onto which scales is stored
    h_k <- ((1 - s_k) h_k + s_k q) exp(-t / tau_k)
    output h

Symbols:
    - h_k: state, all scales side by side (B, H x M).
    - `scales`: R and S with their biases, in this order; `event`: Q with its bias.

Deviations:
    - ``per_scale``: the authors of the LTC and the ODE-LSTM code give R and S an output for each unit and scale; in the
      paper there is one for each unit, the same for all scales.
    - ``decay_bug``: the LTC paper's code (ctrnn_model.py) decays by exp(-1 / ln tau_k) where exp(-t / tau_k) is
      meant, so that scale 0, with ln tau_0 = 0, is erased in every step. It knows no elapsed time; here t stands for 1.
      The ODE-LSTM code has the decay right.
    - Dense layers on [x, h], Glorot-uniform, biases zero. The LTC code's cell_clip, unused in its tables, is left out.
"""

import math

import torch
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.options import whole
from ltcbench.values import Range

SCALES = Range(1, 64)  # the 78th, 10^38.5, is no float32


class CTGRU(Cell):
    """CT-GRU cell; the state is (h_k,), (B, H x M).

    Args:
        input_size: F.
        hidden_size: H.
        scales: M, number of time scales.
        per_scale, decay_bug: see above.

    Raises:
        UserError: an option is out of range.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, scales: int = 8, per_scale: bool = True, decay_bug: bool = True
    ) -> None:
        super().__init__(input_size, hidden_size)
        whole("scales", scales, SCALES)
        self.M = scales
        self.decay_bug = decay_bug
        width = hidden_size * (scales if per_scale else 1)
        self.scales = Affine(input_size, hidden_size, width, blocks=2, init="dense")
        self.event = Affine(input_size, hidden_size, hidden_size, init="dense")

    def initial_state(self, batch: int, like: Tensor) -> State:
        """One zero tensor (B, H x M)."""
        return (like.new_zeros(batch, self.hidden_size * self.M),)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of R and S and of Q, (T, B, 2 H M or 2 H) and (T, B, H)."""
        return self.scales.of_x(x), self.event.of_x(x)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step over ``elapsed`` (B, 1)."""
        h_k = state[0].view(-1, self.hidden_size, self.M)
        ln_tau = self.ln_tau(h_k)
        ln_tau_r, ln_tau_s = self.scales(drive[0], h_k.sum(2)).unflatten(1, (2, self.hidden_size, -1)).unbind(1)
        r_k = torch.softmax(-((ln_tau_r - ln_tau) ** 2), dim=2)  # (B, H, M), as all that end in _k
        q = torch.tanh(self.event(drive[1], (r_k * h_k).sum(2)))
        s_k = torch.softmax(-((ln_tau_s - ln_tau) ** 2), dim=2)
        h_k = ((1 - s_k) * h_k + s_k * q.unsqueeze(2)) * self.decay(elapsed, ln_tau).unsqueeze(1)
        return (h_k.flatten(1),)

    def ln_tau(self, like: Tensor) -> Tensor:
        """The scales, ln tau_k (M,); dtype and device of ``like``."""
        return torch.arange(self.M, dtype=like.dtype, device=like.device) * (math.log(10) / 2)

    def decay(self, elapsed: Tensor, ln_tau: Tensor) -> Tensor:
        """What is left of each scale (B, M) after ``elapsed`` (B, 1)."""
        if self.decay_bug:
            return torch.where(ln_tau > 0, torch.exp(-elapsed / ln_tau.clamp(min=1)), 0.0)  # ln tau_1 is above 1
        return torch.exp(-elapsed * torch.exp(-ln_tau))

    def output(self, state: State) -> Tensor:
        """h, the sum over the scales, (B, H)."""
        return state[0].view(-1, self.hidden_size, self.M).sum(2)
