"""What is timed, as functions without arguments."""

from typing import Any

import torch
from torch import Tensor, nn

from ltcbench import models
from ltcbench.bench.cases import Case
from ltcbench.bench.timing import Action
from ltcbench.models import Network
from ltcbench.models.cells.cell import Cell
from ltcbench.models.choice import has_fused
from ltcbench.settings.job import Trainer
from ltcbench.training.optimiser import Optimiser

STEPPER = "stepper"
ADAM = Trainer(
    optimizer="adam",
    learning_rate=1e-3,
    decay=1.0,
    decay_every="epoch",
    least_learning_rate=0.0,
    epochs=1,
    batch_size=1,
    drop_last=False,
    shuffled=True,
    clip_norm=None,
    clip_by="global",
    weight_decay=0.0,
    kernel_penalty=0.0,
    class_weights=None,
    beta1=0.9,
    beta2=0.999,
    rho=0.9,
    epsilon=1e-7,
)  # for updates; only what concerns Adam is looked at
FLAVOURS = {"ltc": {"flavour": "ncps"}}  # the one that others have too


def built(case: Case, device: torch.device) -> Network:
    """The network of a case, without a read-out; the same weights each time."""
    torch.manual_seed(0)
    options = FLAVOURS.get(case.model, {}) | dict(case.options)
    return models.build(case.model, case.shape.features, case.shape.units, **options).to(device)


def batch(case: Case, device: torch.device) -> Tensor:
    """The batch (B, T, F) of a case."""
    shape = case.shape
    random = torch.Generator().manual_seed(0)
    return torch.randn(shape.batch, shape.steps, shape.features, generator=random).to(device)


def engines(cell: Cell) -> list[str]:
    """The engines that a cell has for training, what was made for speed first."""
    if cell.at_once or cell.adaptive:
        return ["eager"]
    return [engine for engine in ("fused", "compiled", "eager") if engine != "fused" or has_fused(cell)]


def engines_of_inference(network: Network) -> list[str]:
    """The stepper; the engine that a network takes by itself, for without gradients none is compiled; eager."""
    network.engine = "auto"
    with torch.no_grad():
        network(torch.zeros(1, 1, network.cell.input_size, device=next(network.parameters()).device))
    return list(dict.fromkeys([*([] if network.cell.at_once else [STEPPER]), network.ran, "eager"]))


def training_step(module: nn.Module, x: Tensor, engine: str = "") -> Action:
    """Forward and backward of the mean square of all outputs; no update, which is the same for everybody.

    Args:
        module: a network of ours or a rival's.
        x: (B, T, F).
        engine: of a network of ours.
    """

    def step() -> None:
        if isinstance(module, Network):
            module.engine = engine
        y: Tensor = module(x)[0]
        y.square().mean().backward()
        module.zero_grad(set_to_none=True)

    return step


def update(module: nn.Module, x: Tensor, engine: str = "") -> Action:
    """The same and a step of Adam, which in JAX is part of what is compiled; args as of ``training_step``."""
    optimise = Optimiser({1.0: [p for p in module.parameters() if p.requires_grad]}, ADAM)

    def step() -> None:
        if isinstance(module, Network):
            module.engine = engine
        y: Tensor = module(x)[0]
        y.square().mean().backward()
        optimise.step()
        optimise.zero_grad()

    return step


def inference(module: nn.Module, x: Tensor, engine: str = "") -> Action:
    """The first sequence of x (B, T, F) in a batch of its own, a call for every time step with the carried state.

    Args:
        module: a network of ours or a rival's, called with (1, 1, F).
        x: (B, T, F).
        engine: of a network of ours; ``STEPPER`` calls what its ``stepper`` makes, with (1, F).
    """
    call: Any = module
    steps = x[:1].split(1, dim=1)
    if isinstance(module, Network) and engine == STEPPER:
        call, steps = module.stepper(), x[:1].unbind(1)

    @torch.no_grad()
    def run() -> None:
        if isinstance(module, Network) and engine != STEPPER:
            module.engine = engine
        state = None
        for part in steps:
            _, state = call(part, state)

    return run
