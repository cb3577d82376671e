"""What is timed: a model, its options, a shape."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ltcbench.errors import UserError

WHAT = ("step", "update", "inference", "memory")


@dataclass(frozen=True)
class Shape:
    """Sizes of a batch and of the network, in the order in which they are written: ``16x32x17x32``."""

    batch: int
    steps: int
    features: int
    units: int

    @classmethod
    def of(cls, text: str) -> "Shape":
        """The shape that ``text`` writes.

        Raises:
            UserError: it writes none.
        """
        if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){3}", text):
            raise UserError(
                f"{text} is not a shape: expected batch x time x features x units in whole numbers, e.g. 16x32x17x32."
            )
        return cls(*map(int, text.split("x")))

    def __str__(self) -> str:
        return f"{self.batch}x{self.steps}x{self.features}x{self.units}"


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes:
        model: its name.
        shape: of the batch and the network; inference takes a batch of one, step by step.
        what: ``step`` (forward and backward), ``update`` (with Adam), ``inference`` or ``memory`` (of a training step).
        options: of the model, besides its defaults.
        precision: of our matrix products; others always compute in float32.
        engines: ours; empty: all that the model has.
        rivals: ``ncps``, ``torch.nn.LSTM``, ``torchdiffeq`` and ``JAX``; those that do not know the model are left out.
        goals: the ratio wanted, of who is named.
    """

    model: str
    shape: Shape
    what: str = "step"
    options: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "float32"
    engines: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ("ncps", "torch.nn.LSTM", "torchdiffeq", "JAX")
    goals: Mapping[str, float] = field(default_factory=dict)

    @property
    def settings(self) -> str:
        """Options and precision, where they are not the defaults."""
        named = [f"{key}={value}" for key, value in self.options.items()]
        return " ".join([*named, *([f"precision={self.precision}"] if self.precision != "float32" else [])])


_SMALL = Shape(16, 32, 17, 32)
_CFC = {"backbone_units": 64}
_BIG = Shape(128, 32, 1, 192)
_MADE = ("fused", "eager")  # not what torch compiles, which is slower and long in coming

# What `ltcbench bench` times by itself: sizes of the papers' tables, and the speed that we promise.
STANDARD = [
    Case("ltc", _SMALL, rivals=("ncps",), goals={"ncps": 6}),
    Case("ltc", Shape(16, 16, 561, 32), rivals=("ncps",), goals={"ncps": 5}),
    Case("cfc", _SMALL, options=_CFC, rivals=("ncps", "torch.nn.LSTM"), goals={"ncps": 4, "torch.nn.LSTM": 0.4}),
    Case("cfc", _BIG, engines=_MADE, rivals=("ncps",), goals={"ncps": 1.2}),
    Case("cfc", _BIG, precision="bfloat16_matmul", engines=("fused",), rivals=("ncps",), goals={"ncps": 2}),
    Case("cfc_mm", Shape(128, 64, 17, 64), engines=_MADE, rivals=("ncps",), goals={"ncps": 1.5}),
    Case("ctrnn", _SMALL, rivals=("torchdiffeq",), goals={"eager": 2.5}),
    Case("node", _SMALL, rivals=("torchdiffeq",), goals={"eager": 1.8}),
    *(
        Case(model, _SMALL, "update", rivals=("JAX",), goals={"JAX": 1})
        for model in ("lstm", "gru", "ctrnn", "node", "ltc")
    ),
    Case("cfc", _SMALL, "update", _CFC, rivals=("JAX",), goals={"JAX": 1}),
    Case("cfc", _BIG, "update", engines=_MADE, rivals=("JAX",), goals={"JAX": 1}),
    Case("ltc", _SMALL, "inference", rivals=("ncps",), goals={"ncps": 2}),
    Case("cfc", _SMALL, "inference", _CFC, rivals=("ncps", "torch.nn.LSTM"), goals={"ncps": 2}),
    Case("ltc", _SMALL, "memory"),
    Case("ltc", Shape(16, 16, 561, 32), "memory"),
    Case("cfc", _SMALL, "memory", _CFC, engines=_MADE),
    Case("cfc", _BIG, "memory", engines=_MADE),
    Case("cfc_mm", Shape(128, 64, 17, 64), "memory", engines=_MADE),
    Case("ctrnn", _SMALL, "memory"),
]

# Model, task, engines and goals of the epochs among them.
EPOCHS = [("ltc", "cheetah", ("compiled",), {"ncps": 5})]
