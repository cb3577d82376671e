"""Every model: a cell, what makes the model out of it, and what there is to say about it."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ltcbench.errors import unknown
from ltcbench.models.cells.aug_lstm import AugLSTM
from ltcbench.models.cells.bi_rnn import BiRNN
from ltcbench.models.cells.cell import Cell
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.cells.cornn import CoRNN
from ltcbench.models.cells.ct_lstm import CTLSTM
from ltcbench.models.cells.ctgru import CTGRU
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.exprnn import ExpRNN
from ltcbench.models.cells.gru import GRU
from ltcbench.models.cells.gru_d import GRUD
from ltcbench.models.cells.gru_ode import GRUODE
from ltcbench.models.cells.hippo_lagt import HiPPOLagT
from ltcbench.models.cells.hippo_legs import HiPPOLegS
from ltcbench.models.cells.ip_nets import IPNets
from ltcbench.models.cells.latent_ode import LatentODE
from ltcbench.models.cells.lipschitz_rnn import LipschitzRNN
from ltcbench.models.cells.lmu import LMU
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.cells.mtand import MTAND
from ltcbench.models.cells.mtand_full import MTANDFull
from ltcbench.models.cells.ode_lstm import ODELSTM
from ltcbench.models.cells.ode_rnn import ODERNN
from ltcbench.models.cells.phased_lstm import PhasedLSTM
from ltcbench.models.cells.relu_gru import ReLUGRU
from ltcbench.models.cells.rnn import RNN
from ltcbench.models.cells.rnn_decay import RNNDecay
from ltcbench.models.cells.rnn_dt import RNNDt
from ltcbench.models.cells.rnn_impute import RNNImpute
from ltcbench.models.cells.rnn_vae import RNNVAE
from ltcbench.models.cells.seft import SeFT
from ltcbench.models.cells.skip_lstm import SkipLSTM
from ltcbench.models.cells.transformer import Transformer
from ltcbench.plugins import loading

LTC_TABLES = ("ltc-3", "ltc-4", "ltc-6")
CFC_TABLES = ("cfc-xor", "cfc-physionet", "cfc-imdb", "cfc-walker", "cfc-etsmnist")
ODE_LSTM_TABLES = ("cfc-xor", "cfc-walker", "cfc-etsmnist")  # their baselines are those of the ODE-LSTM code
QUOTED_TABLES = ("ltc-5", "cfc-physionet")  # their baselines are quoted from Rubanova et al. and Shukla and Marlin


@dataclass(frozen=True)
class Model:
    """A model.

    Attributes:
        family: ``liquid``, ``ode``, ``gated``, ``classical``, ``attention``, or ``own`` (the user's).
        cell: the class of its cell.
        rows: tables of the papers in which it has rows.
        fixed: options of the cell that make this model out of it, or that do not concern it; the user cannot set them.
        defaults: options whose default is not the cell's.
    """

    family: str
    cell: type[Cell]
    rows: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


# Of the LTC: which solver, and options that do not concern it.
_FUSED = {"solver": "fused", "bounded": False, "tolerance": 1e-6}
_EULER = {"solver": "euler", "tolerance": 1e-6}
_RK4 = {"solver": "rk4", "tolerance": 1e-6}
_ODE = {"solver": "ode", "bounded": False, "unfolds": 1}
# Of the latent ODE: which encoder, and options that are the other's.
_RNN_ENCODER = {"encoder": "rnn", "encoder_layers": 1, "encoder_units": 1, "gru_units": 1}

MODELS: dict[str, Model] = {
    "ltc": Model("liquid", LTC, (*LTC_TABLES, "ltc-5", *CFC_TABLES[:-1]), _FUSED),
    "ltc_euler": Model("liquid", LTC, (), _EULER),
    "ltc_rk4": Model("liquid", LTC, (), _RK4),
    "ltc_ode": Model("liquid", LTC, (), _ODE),
    "cfc": Model("liquid", CfC, CFC_TABLES, {"variant": "gated"}),
    "cfc_nogate": Model("liquid", CfC, CFC_TABLES, {"variant": "no_gate"}),
    "cfc_s": Model("liquid", CfC, CFC_TABLES, {"variant": "solution"}),
    "cfc_mm": Model("liquid", MixedCfC, CFC_TABLES),
    "ctrnn": Model("ode", CTRNN, (*LTC_TABLES, *ODE_LSTM_TABLES)),
    "node": Model("ode", CTRNN, ("ltc-3", "ltc-6"), {"decays": False, "bounded": False}, {"solver": "rk4"}),
    "ode_rnn": Model("ode", ODERNN, (*QUOTED_TABLES, *ODE_LSTM_TABLES)),
    "gru_ode": Model("ode", GRUODE, ODE_LSTM_TABLES),
    "ode_lstm": Model("ode", ODELSTM, ODE_LSTM_TABLES),
    "ct_lstm": Model("ode", CTLSTM, ODE_LSTM_TABLES),
    "latent_ode_ode": Model("ode", LatentODE, QUOTED_TABLES, {"encoder": "ode"}),
    "latent_ode_rnn": Model("ode", LatentODE, QUOTED_TABLES, _RNN_ENCODER),
    "rnn": Model("classical", RNN, ("cfc-imdb",)),
    "lstm": Model("gated", LSTM, (*LTC_TABLES, "cfc-imdb")),
    "gru": Model("gated", GRU, ("cfc-imdb",)),
    "relu_gru": Model("gated", ReLUGRU, ("cfc-imdb",)),
    "skip_lstm": Model("gated", SkipLSTM, ("cfc-imdb",)),
    "hippo_legs": Model("gated", HiPPOLegS, ("cfc-imdb",)),
    "hippo_lagt": Model("gated", HiPPOLagT, ("cfc-imdb",)),
    "lmu": Model("classical", LMU, ("cfc-imdb",)),
    "exprnn": Model("classical", ExpRNN, ("cfc-imdb",)),
    "aug_lstm": Model("gated", AugLSTM, ODE_LSTM_TABLES),
    "bi_rnn": Model("gated", BiRNN, ODE_LSTM_TABLES),
    "ctgru": Model("gated", CTGRU, (*LTC_TABLES, *ODE_LSTM_TABLES)),
    "gru_d": Model("gated", GRUD, (*QUOTED_TABLES, *ODE_LSTM_TABLES)),
    "phased_lstm": Model("gated", PhasedLSTM, ("cfc-physionet", *ODE_LSTM_TABLES)),
    "rnn_decay": Model("gated", RNNDecay, (*QUOTED_TABLES, *ODE_LSTM_TABLES)),
    "rnn_dt": Model("gated", RNNDt, QUOTED_TABLES),
    "rnn_impute": Model("gated", RNNImpute, ("cfc-physionet",)),
    "rnn_vae": Model("gated", RNNVAE, QUOTED_TABLES),
    "cornn": Model("classical", CoRNN, ("cfc-imdb", *ODE_LSTM_TABLES)),
    "lipschitz_rnn": Model("classical", LipschitzRNN, ODE_LSTM_TABLES),
    "mtand": Model("attention", MTAND, ("cfc-physionet",)),
    "mtand_full": Model("attention", MTANDFull, ("cfc-physionet",)),
    "seft": Model("attention", SeFT, ("cfc-physionet",)),
    "ip_nets": Model("gated", IPNets, ("cfc-physionet",)),
    "transformer": Model("attention", Transformer, ("cfc-walker",)),
}


def model(name: str) -> Model:
    """The model of this name.

    Raises:
        UserError: there is none.
    """
    if name not in MODELS:
        loading.load()  # it may be the user's own
    if name not in MODELS:
        raise unknown("model", name, MODELS)
    return MODELS[name]


def options_of(name: str) -> dict[str, Any]:
    """The options of a model and their defaults.

    Raises:
        UserError: unknown model.
    """
    entry = model(name)
    parameters = inspect.signature(entry.cell).parameters.values()
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in entry.fixed}
    return options | dict(entry.defaults)
