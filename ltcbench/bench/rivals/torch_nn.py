"""torch.nn's LSTM; beside other cells only a yardstick, which is checked against our LSTM."""

from torch import nn

from ltcbench import models
from ltcbench.bench import weights
from ltcbench.bench.rivals.rival import Rival, filled
from ltcbench.models import Network
from ltcbench.models.cells.lstm import LSTM


def lstm(network: Network) -> Rival:
    """``torch.nn.LSTM`` of the network's sizes."""
    cell = network.cell
    ours = network if type(cell) is LSTM else models.build("lstm", cell.input_size, cell.hidden_size)
    module = nn.LSTM(cell.input_size, cell.hidden_size, batch_first=True)
    return Rival("torch.nn.LSTM", "", filled(module, weights.lstm_parameters(ours.cell)), ours)
