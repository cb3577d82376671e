"""Closed-form continuous-time cells (CfC paper, arXiv 2106.13898: the closed-form solution and its gated form).

With z = backbone([x, h]), heads ff1, ff2, t_a, t_b (dense layers on z) and the elapsed time t:

    cfc         g = sigmoid(t_a t + t_b),   h <- (1 - g) ff1 + g ff2
    cfc_nogate  h <- ff1 + g ff2
    cfc_s       h <- A - A exp(-t (|w_tau| + |ff1|)) ff1      (the closed-form solution itself)

The paper writes the gated form x(t) = sigmoid(-f t) g + (1 - sigmoid(-f t)) h: its f is t_a, its g is ff1, its h is
ff2 (flavour tf: g is ff2, h is ff1).

Symbols:
    - h: state, the paper's x.
    - `backbone`: the layers before the heads; `heads`: the layers ff1, ff2, t_a, t_b (cfc_s: ff1).
    - `w_tau`, `A`: of cfc_s.

Deviations:
    - t_b is in the authors' code only. In the paper's cfc_s the factor before the exponential is a free B, in their
      code it is -A, and the paper's f(-x, -I) is the same linear head ff1.
    - The authors' two implementations differ. flavour torch: as written above, heads tanh, dropout from the second
      backbone layer on, Xavier-uniform weights with a gain, w_tau and A of cfc_s too, as matrices of one row. flavour
      tf: g = sigmoid(-t_a t + t_b), heads 1.7159 tanh(0.666 x), dropout after every backbone layer, Glorot-uniform
      weights, zero biases, w_tau = 0, A = 1.
    - Ours: ``wiring`` masks the heads' weights on [x, h] where there is no backbone; all units are updated at once. In
      ncps a wired CfC is a stack of three cells, fully connected within, of which only ff1 and ff2 are masked.
"""

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltcbench.errors import UserError
from ltcbench.models.cells.affine import glorot
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.options import DEPTH, DROPPED, POSITIVE, SIZE, choice, real, whole
from ltcbench.models.wirings import wire
from ltcbench.values import Range

VARIANTS = ("gated", "no_gate", "solution")
FLAVOURS = ("torch", "tf")
LAYERS = Range(0, DEPTH.most)


def lecun_tanh(x: Tensor) -> Tensor:
    """LeCun's scaled tanh (LeCun et al. 1998, Efficient BackProp)."""
    return 1.7159 * torch.tanh(0.666 * x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "lecun_tanh": lecun_tanh,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
}


class CfC(Cell):
    """CfC cell; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        variant: ``gated`` (cfc), ``no_gate`` (cfc_nogate) or ``solution`` (cfc_s).
        backbone_units, backbone_layers: width and number of the backbone's layers; 0 layers put the heads directly
            on [x, h].
        backbone_activation: one of ``ACTIVATIONS``.
        backbone_dropout: share of backbone outputs dropped in training, drawn anew at every step.
        flavour: ``torch`` or ``tf``, see above.
        gain: of the Xavier-uniform weights.
        wiring, sparsity, motors, wiring_seed: see ``ltcbench.models.wirings.wire``; the output has ``motors`` units.

    Raises:
        UserError: an option is out of range.
    """

    mask: Tensor | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        variant: str = "gated",
        backbone_units: int = 128,
        backbone_layers: int = 1,
        backbone_activation: str = "lecun_tanh",
        backbone_dropout: float = 0.0,
        flavour: str = "torch",
        gain: float = 1.0,
        wiring: str = "full",
        sparsity: float = 0.5,
        motors: int | None = None,
        wiring_seed: int = 22222,
    ) -> None:
        super().__init__(input_size, hidden_size)
        choice("variant", variant, VARIANTS)
        whole("backbone_units", backbone_units, SIZE)
        whole("backbone_layers", backbone_layers, LAYERS)
        choice("backbone_activation", backbone_activation, ACTIVATIONS)
        real("backbone_dropout", backbone_dropout, DROPPED)
        choice("flavour", flavour, FLAVOURS)
        real("gain", gain, POSITIVE)
        if wiring != "full" and backbone_layers > 0:
            raise UserError(f"model.wiring={wiring} needs heads on the inputs themselves: set model.backbone_layers=0.")
        self.variant = variant
        self.tf = flavour == "tf"
        self.activation = backbone_activation
        self.dropout = backbone_dropout
        wires = wire(wiring, input_size, hidden_size, sparsity, motors, wiring_seed)
        self.output_size = wires.motors

        width = input_size + hidden_size
        self.backbone = nn.ModuleList()
        for _ in range(backbone_layers):
            self.backbone.append(self._linear(width, backbone_units, gain))
            width = backbone_units
        heads = 1 if variant == "solution" else 4
        self.heads = nn.ModuleList(self._linear(width, hidden_size, gain) for _ in range(heads))
        mask = torch.cat([wires.sensory, wires.recurrent], dim=1).repeat(heads, 1)
        self.register_buffer("mask", None if mask.all() else mask.to(torch.get_default_device()))
        if variant == "solution":
            self.w_tau = nn.Parameter(torch.zeros(hidden_size) if self.tf else glorot(hidden_size, 1, gain)[0])
            self.A = nn.Parameter(torch.ones(hidden_size) if self.tf else glorot(hidden_size, 1, gain)[0])

    def _linear(self, inputs: int, outputs: int, gain: float) -> nn.Linear:
        layer = nn.Linear(inputs, outputs)
        with torch.no_grad():
            layer.weight.copy_(glorot(inputs, outputs, gain))
            if self.tf:
                layer.bias.zero_()
        return layer

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of each dense layer: the backbone's, then all heads side by side."""
        return [self.layer(i) for i in range(len(self.backbone) + 1)]

    def layer(self, i: int) -> tuple[Tensor, Tensor]:
        """Weight and bias of one of ``layers``."""
        if i < len(self.backbone):
            layer = _linear(self.backbone)[i]
            return layer.weight, layer.bias
        weight = torch.cat([head.weight for head in _linear(self.heads)])
        if self.mask is not None:
            weight = weight * self.mask
        return weight, torch.cat([head.bias for head in _linear(self.heads)])

    def drops(self, layer: int) -> bool:
        """Whether dropout follows this layer of the backbone now."""
        return self.training and self.dropout > 0 and (layer > 0 or self.tf)

    def drive(self, x: Tensor) -> Drive:
        """The first dense layer's product with the inputs, (T, B, width of that layer)."""
        weight, bias = self.layer(0)
        return (F.linear(x, weight[:, : self.input_size], bias),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step over ``elapsed`` (B, 1)."""
        (h,) = state
        (first, _), *later = self.layers()
        z = torch.addmm(drive[0], h, first[:, self.input_size :].t())
        for i, (weight, bias) in enumerate(later):
            z = ACTIVATIONS[self.activation](z)
            if self.drops(i):
                z = F.dropout(z, self.dropout)
            z = F.linear(z, weight, bias)

        if self.variant == "solution":
            return (self.A - self.A * torch.exp(-elapsed * (self.w_tau.abs() + z.abs())) * z,)
        f1, f2, t_a, t_b = z.chunk(4, dim=1)
        squash = lecun_tanh if self.tf else torch.tanh
        ff1, ff2 = squash(f1), squash(f2)
        g = torch.sigmoid((-t_a if self.tf else t_a) * elapsed + t_b)
        return (ff1 + g * ff2 if self.variant == "no_gate" else ff1 + g * (ff2 - ff1),)

    def output(self, state: State) -> Tensor:
        """The units that are read, (B, output_size)."""
        return state[0][:, : self.output_size]

    def kernels(self) -> Iterable[Tensor]:
        """Weights of the backbone and the heads (Keras' kernel_regularizer in the authors' code)."""
        return [layer.weight for layer in (*_linear(self.backbone), *_linear(self.heads))]


def _linear(modules: nn.ModuleList) -> list[nn.Linear]:
    """The layers of a list, which torch only knows to be modules."""
    return [module for module in modules if isinstance(module, nn.Linear)]
