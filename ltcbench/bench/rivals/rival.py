"""What somebody else's implementation is to a benchmark."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

import torch
from torch import Tensor, nn

from ltcbench.bench.timing import Action
from ltcbench.models import Network


class NotThere(Exception):
    """A rival that does not know this model, or is not installed; the message says which, empty if it is no news."""


@dataclass(frozen=True)
class Rival:
    """Somebody else's module.

    Attributes:
        name: who, e.g. ``ncps``.
        version: of the package, and what of it; empty for torch itself.
        module: called as ``module(x (B, T, F), state) -> y, state``.
        reference: a network of ours that computes the same: the one compared with, or where the module computes
            something else and is only a yardstick, another.
        actions: by what is timed, what of an input (B, T, F) gives the action, where its users do not do it by torch.
    """

    name: str
    version: str
    module: nn.Module
    reference: Network
    actions: Mapping[str, Callable[[Tensor], Action]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


def version(package: str) -> str:
    """The version of an installed package.

    Raises:
        NotThere: it is not installed.
    """
    try:
        return version_of(package)
    except PackageNotFoundError:
        raise NotThere(f"{package} is not installed and left out: pip install 'ltcbench[bench]'.") from None


@torch.no_grad()
def filled(module: nn.Module, values: Mapping[str, Tensor]) -> nn.Module:
    """The module with these values in its parameters; those that never learn keep theirs."""
    parameters = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
    for name, parameter in parameters.items():
        parameter.copy_(values[name].reshape(parameter.shape))
    assert parameters.keys() == values.keys()
    return module
