"""What stands between a cell's output and the read-out, and the perceptrons that such heads are made of."""

from collections.abc import Sequence

from torch import nn


class Head(nn.Sequential):
    """Layers between a cell's output and the read-out.

    Args:
        output_size: width of what they give, that of the cell's output where there are none.
        layers: the layers in order.
    """

    def __init__(self, output_size: int, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.output_size = output_size


def perceptron(inputs: int, widths: Sequence[int], dropout: float = 0.0) -> list[nn.Module]:
    """Linear layers of these widths with torch's first values, ReLU behind each, and dropout behind that if any."""
    layers: list[nn.Module] = []
    for before, width in zip([inputs, *widths], widths, strict=False):
        layers += [nn.Linear(before, width), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return layers
