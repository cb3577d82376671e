"""The LSTM of the mixed-memory CfC over a whole sequence, one step at a time, its backward pass derived by hand.

With every tanh computed as a sigmoid (see ``squash``), C = 2 c and M = m / 2, from the CfC's q:

    i, s, f, o = sigmoid(z),   C <- f C + 4 i s - 2 i,   u = sigmoid(C),   M = o u - o / 2
"""

import torch
from torch import Tensor

from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.engines.squash import IDENTITY, Product, Squash, carried_back
from ltcbench.models.packing import Sizes, earlier, steps

OF_M = Squash("identity", p=2.0)  # m = 2 M


def rows(cell: MixedCfC) -> tuple[Tensor, Tensor, Tensor]:
    """W_x (4 H, F), W_h (4 H, H) and b (4 H,) of ``cell``, each row times the k of its sigmoid."""
    gates, size = cell.gates, cell.hidden_size
    k = gates.bias.new_tensor([1, 2, 1, 1]).repeat_interleave(size)
    forget = gates.bias.new_tensor([0, 0, cell.forget_bias, 0]).repeat_interleave(size)
    return k[:, None] * gates.weight_x, k[:, None] * gates.weight_h, k * (gates.bias + forget)


class Memory:
    """A forward and a backward pass.

    Args:
        state: the function of the CfC's heads: h = p q + r.
        by_x, by_h: see ``rows``.
        sizes: rows at each step, N together.
        z: the gates of every step (N, 4 H).
        c: C before the first step and after every step (B + N, H).
        u, m: u and M of every step (N, H).
    """

    def __init__(
        self, state: Squash, by_x: Tensor, by_h: Tensor, sizes: Sizes, z: Tensor, c: Tensor, u: Tensor, m: Tensor
    ) -> None:
        self.by_x, self.by_q = Product(by_x, IDENTITY, 1.0), Product(by_h, state, 1.0)
        self.sizes, self.tensors = sizes, (z, c, u, m)
        self.z, self.c, self.u, self.m = self.tensors
        self.gates = z.chunk(4, dim=1)

    @classmethod
    def fresh(cls, state: Squash, x: Tensor, by_x: Tensor, by_h: Tensor, start: Tensor, sizes: Sizes) -> "Memory":
        """With room for the results over x (N, F) from C = ``start`` (B, H)."""
        batch, size = start.shape
        c = start.new_empty(batch + len(x), size)
        c[:batch] = start
        u, m = start.new_empty(2, len(x), size)
        return cls(state, by_x, by_h, sizes, x.new_empty(len(x), len(by_x)), c, u, m)

    def begin(self, x: Tensor, bias: Tensor) -> None:
        """Prepare the forward pass: put what the gates get from x and the bias into ``z``."""
        constant = torch.add(self.by_q.constant(), bias)
        torch.addmm(constant, x, self.by_x.transposed, out=self.z)
        self.z_t, self.u_t, self.m_t = (part.split(self.sizes) for part in (self.z, self.u, self.m))
        self.c_before, self.c_after = steps(self.c, self.sizes)
        self.gates_t = [gate.split(self.sizes) for gate in self.gates]

    def forward(self, t: int, q: Tensor) -> Tensor:
        """M of step ``t`` from q before it, both (B, H)."""
        self.z_t[t].addmm_(q, self.by_q.transposed).sigmoid_()
        i, s, f, o = (gate[t] for gate in self.gates_t)
        c = torch.mul(f, self.c_before[t], out=self.c_after[t])
        c.addcmul_(i, s, value=4).sub_(i, alpha=2)
        torch.sigmoid(c, out=self.u_t[t])
        return torch.mul(o, self.u_t[t], out=self.m_t[t]).sub_(o, alpha=0.5)

    def derive(self, keep: Tensor | None, g_c: Tensor) -> None:
        """Prepare the backward pass.

        Args:
            keep: (N, 1) bool; where it is False, C stays as it is.
            g_c: gradient of each row's last C (B, H).
        """
        i, s, f, o = self.gates
        self.g = torch.addcmul(self.z, self.z, self.z, value=-1)
        by_i, by_s, by_f, by_o = self.g.chunk(4, dim=1)
        by_i.mul_(4 * s - 2)
        by_s.mul_(4 * i)
        by_f.mul_(earlier(self.c, self.sizes))
        by_o.mul_(self.u - 0.5)
        if keep is not None:
            self.g.mul_(keep)
            f = torch.where(keep, f, 1)
        self.g_t, self.by_o_t, self.f_t = (part.split(self.sizes) for part in (self.g, by_o, f))
        self.by_isf_t = self.g[:, : 3 * o.shape[1]].unflatten(1, (3, -1)).split(self.sizes)
        self.m_by_c_t = (o * torch.addcmul(self.u, self.u, self.u, value=-1)).split(self.sizes)
        self.g_c = g_c.clone()

    def backward(self, t: int, g_m: Tensor, g_q: Tensor) -> Tensor:
        """The gradient of q before step ``t``, from its other part ``g_q`` and that of M, (B, H)."""
        self.by_o_t[t].mul_(g_m)
        g_c = self.g_c[: len(g_m)]
        g_c.addcmul_(g_m, self.m_by_c_t[t])
        self.by_isf_t[t].mul_(g_c.unsqueeze(1))
        g_c.mul_(self.f_t[t])
        return carried_back(g_q, self.g_t[t], self.by_q.by_z)

    def gradients(self, x: Tensor, q: Tensor) -> tuple[Tensor, ...]:
        """Of ``rows`` and of C before the first step, from the inputs and q before every step."""
        total = self.g.sum(0)
        return self.by_x.gradient(self.g, x, total), self.by_q.gradient(self.g, q, total), total, self.g_c
