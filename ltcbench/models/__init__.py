"""The models: ``models.build("cfc", input_size=17, hidden_size=32, output_size=6)``.

A model is one cell file, one line in ``registry.MODELS`` and ``conf/model/<name>.yaml``; a user's own one is a file
with a ``Cell`` and ``register("my_cell", MyCell)``.
"""

from typing import Any

from torch import nn

from ltcbench import values
from ltcbench.errors import UserError, unknown
from ltcbench.models.about import About, about
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.inputs import Inputs
from ltcbench.models.network import Network
from ltcbench.models.options import POSITIVE, SIZE, choice, real
from ltcbench.models.registration import register
from ltcbench.models.registry import MODELS, model, options_of

__all__ = ["MODELS", "About", "Cell", "Drive", "Network", "State", "about", "build", "options_of", "register"]

READOUTS = ("glorot", "linear")


def build(
    name: str,
    input_size: int,
    hidden_size: int,
    output_size: int | None = None,
    *,
    feature_mask: bool = False,
    vocabulary: int = 0,
    embedding_size: int = 64,
    embedding_dropout: float = 0.0,
    readout: str = "glorot",
    readout_std: float | None = None,
    engine: str = "auto",
    **options: Any,
) -> Network:
    """A network, its weights drawn from torch's global random generator.

    Args:
        name: a model, one of ``MODELS``.
        input_size: F, number of input features.
        hidden_size: H, number of units.
        output_size: width of the linear read-out; None gives the cell's outputs (batch, time, H).
        feature_mask: whether the inputs come with a mask (batch, time, F) of the values that were observed.
        vocabulary: number of words where x (batch, time, 1) holds word numbers, which pass an embedding; 0: no words.
        embedding_size: width of the embedding.
        embedding_dropout: share of the embedding's outputs dropped in training.
        readout: first values of the read-out, one of ``READOUTS``. ``glorot``: Glorot-uniform weights, zero bias
            (TensorFlow's dense layer); ``linear``: all U(-1/sqrt(H), 1/sqrt(H)) (torch's, CfC paper's PyTorch code).
        readout_std: deviation of the read-out's first weights, drawn from a normal distribution that is cut off at
            twice that (TensorFlow's TruncatedNormal); None: see ``readout``.
        engine: how the cell is driven through time: ``eager`` (reference), ``compiled``, ``fused`` or ``auto``.
        options: settings of the cell, as in ``conf/model/<name>.yaml``.

    Raises:
        UserError: unknown model or option, or a value out of range.
    """
    entry = model(name)
    valid = options_of(name)
    for option in options:
        if option not in valid:
            raise unknown(f"option of model {name}", option, valid)
    for what, size in (("input_size", input_size), ("hidden_size", hidden_size), ("output_size", output_size)):
        if size is not None and values.checked(what, size, int) not in SIZE:
            raise UserError(f"{what}={size} is out of range: expected at least 1 and at most {SIZE.most}.")
    choice("readout", readout, READOUTS)
    if readout_std is not None:
        real("readout_std", readout_std, POSITIVE)
    settings = {**entry.fixed, **entry.defaults, **values.options("model", options, entry.cell)}
    if entry.cell.takes_mask:
        settings["masked"] = feature_mask
    takes_mask = entry.cell.takes_mask
    inputs = Inputs(input_size, feature_mask, not takes_mask, vocabulary, embedding_size, embedding_dropout)
    width = input_size if takes_mask and feature_mask else inputs.width
    network = Network(entry.cell(width, hidden_size, **settings), output_size, inputs, feature_mask, engine)
    if network.readout is not None and readout == "linear":
        nn.Linear.reset_parameters(network.readout)
    if network.readout is not None and readout_std is not None:
        nn.init.trunc_normal_(network.readout.weight, 0.0, readout_std, -2 * readout_std, 2 * readout_std)
    return network
