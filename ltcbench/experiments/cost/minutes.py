"""The CfC paper's own minutes an epoch as ratios: the largest ODE model over the fastest CfC, the LTC over the CfC."""

from dataclasses import dataclass

from ltcbench.paper import tables

TIMED = ("cfc-xor", "cfc-walker", "cfc-physionet")  # tables with a column of times
ODE = ("ode_rnn", "ctrnn", "gru_ode", "ode_lstm", "ct_lstm", "latent_ode_ode", "latent_ode_rnn", "ltc")
CLOSED = ("cfc", "cfc_s", "cfc_nogate", "cfc_mm")


@dataclass(frozen=True)
class Ratio:
    """One table.

    Attributes:
        table: its name.
        slowest, fastest: the ODE model and the CfC, with their minutes.
        ratio: of these.
        ltc_over_cfc: of these two.
    """

    table: str
    slowest: tuple[str, float]
    fastest: tuple[str, float]
    ratio: float
    ltc_over_cfc: float


def ratio(name: str) -> Ratio:
    """Of the table of this name."""
    minutes = {model: number.mean for model, number in tables.table(name).columns["time"].numbers.items()}
    slowest = max((model for model in ODE if model in minutes), key=minutes.__getitem__)
    fastest = min((model for model in CLOSED if model in minutes), key=minutes.__getitem__)
    return Ratio(
        name,
        (slowest, minutes[slowest]),
        (fastest, minutes[fastest]),
        minutes[slowest] / minutes[fastest],
        minutes["ltc"] / minutes["cfc"],
    )
