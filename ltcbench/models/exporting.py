"""A network as a function of tensors alone, for programs without this package: one time step, or whole sequences."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan  # torch has no public name for it yet
from torch.export import Dim, ExportedProgram

from ltcbench.errors import UserError
from ltcbench.models.network import Network

Tensors = tuple[Tensor, ...]


class Step(nn.Module):
    """One time step: ``(*state, x, elapsed)``, with a feature mask ``(*state, x, elapsed, observed)``.

    Shapes are those of ``Network`` without the dimension of time: x (B, F), elapsed (B,), observed (B, F) bool.

    Returns ``(*state, y)``, y (B, output_size).

    Raises:
        UserError: the network has no step of a fixed number of operations.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        if network.cell.at_once or network.cell.whole or network.cell.adaptive:
            why = "takes as many solver steps as an input needs" if network.cell.adaptive else "sees whole sequences"
            raise UserError(f"a network that {why} cannot be exported: there is no time step that is always the same.")
        self.network = network

    def forward(self, *tensors: Tensor) -> Tensors:
        """See above."""
        net = self.network
        given = 3 if net.feature_mask else 2
        state, (x, elapsed, *observed) = tensors[:-given], tensors[-given:]
        last: Tensors = ()
        if net.inputs.embedding is not None:
            x = net.inputs.embedding(x[:, 0].long())
        if observed:
            *state_, before, shown = state
            state = tuple(state_)
            x = torch.where(observed[0], x, before if net.inputs.carried else 0.0)
            last = (x.clone() if net.inputs.carried else before.clone(),)
            x = torch.cat([x, observed[0].to(x.dtype)], dim=1)
        new = net.cell.step(state, net.cell.drive(x), elapsed.unsqueeze(1))
        output = net.cell.output(new)
        if observed:
            output = torch.where(observed[0].any(1, keepdim=True), output, shown)
            last = (*last, output)
        y = output if net.readout is None else net.readout(output)
        return (*(part.clone() for part in (*new, *last)), y.clone())  # no result may be an argument

    def state(self, batch: int) -> Tensors:
        """The state before the first step."""
        net = self.network
        like = next(net.parameters())
        state = net.cell.initial_state(batch, like)
        if net.feature_mask:
            state = (*state, like.new_zeros(batch, net.inputs.features), like.new_zeros(batch, net.cell.output_size))
        return tuple(part.detach().clone() for part in state)  # one tensor twice would become one argument

    def example(self, batch: int) -> Tensors:
        """Arguments of one step."""
        net = self.network
        like = next(net.parameters())
        x = like.new_zeros(batch, net.inputs.features)
        observed = (torch.ones_like(x, dtype=torch.bool),) if net.feature_mask else ()
        return (*self.state(batch), x, like.new_ones(batch), *observed)


class Whole(nn.Module):
    """Whole sequences by one step's program: x (B, T, F), elapsed (B, T) and, with a feature mask, observed (B, T, F).

    Returns y (B, T, output_size).
    """

    def __init__(self, step: nn.Module, state: Tensors) -> None:
        super().__init__()
        self.step = step
        self.parts = len(state)
        for number, part in enumerate(state):
            self.register_buffer(f"state_{number}", part)

    def forward(self, x: Tensor, elapsed: Tensor, observed: Tensor | None = None) -> Tensor:
        """See above."""
        first: list[Tensor] = [getattr(self, f"state_{number}") for number in range(self.parts)]
        state = [part.expand(x.shape[0], *part.shape[1:]).clone() for part in first]
        given = (x, elapsed) if observed is None else (x, elapsed, observed)

        def step(state: list[Tensor], now: Tensors) -> tuple[list[Tensor], Tensor]:
            *new, y = self.step(*state, *now)
            return [part.clone() for part in new], y.clone()

        _, y = scan(step, state, tuple(part.transpose(0, 1) for part in given))
        result: Tensor = y.transpose(0, 1)
        return result


def step_program(network: Network) -> ExportedProgram:
    """``Step`` as a program of torch for any batch size.

    Raises:
        UserError: the network has no step of a fixed number of operations.
    """
    step, batch = Step(_frozen(network)), Dim("batch")
    example = step.example(2)
    shapes = {"tensors": tuple({0: batch} for _ in example)}
    return torch.export.export(step, example, dynamic_shapes=shapes)


def whole_program(network: Network) -> ExportedProgram:
    """``Whole`` as a program of torch for any batch size and length; error as of ``step_program``."""
    step = Step(_frozen(network))
    whole = Whole(step_program(network).module(), step.state(1))
    batch, time = Dim("batch"), Dim("time")
    given = step.example(2)[whole.parts :]
    example = tuple(part.unsqueeze(1).expand(2, 3, *part.shape[1:]).contiguous() for part in given)
    with torch.no_grad():
        return torch.export.export(whole, example, dynamic_shapes=tuple({0: batch, 1: time} for _ in example))


def _frozen(network: Network) -> Network:
    """A copy, ready to be recorded: a parameter that wants gradients would have to be recorded too."""
    frozen: Any = copy.deepcopy(network).eval().requires_grad_(False)
    return frozen  # type: ignore[no-any-return]
