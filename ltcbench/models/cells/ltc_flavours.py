"""What differs between the authors' implementations of the LTC; first values not listed are common to all.

    flavour    h of the fused step          first cm, gleak, w              smallest w, gleak, cm   output
    ltc        elapsed                      0.5, 1, U(0.01, 1)              1e-5, 1e-5, 1e-6        v
    cfc_torch  (elapsed + 1) / unfolds      U(.4, .6), U(.001, 1), same     0                       v
    cfc_tf     (elapsed + 0.001) / unfolds  U(.4, .6), U(.001, 1), same     0                       a v + b, trainable
    ncps       elapsed / unfolds            U(.4, .6), U(.001, 1), same     0                       a v + b, trainable

Sources: ltc_model.py of the LTC paper's code; torch_cfc.py and tf_cfc.py of the CfC paper's code; ncps 1.0.1. In ncps
two thirds of the reversal potentials start at +1, elsewhere half of them do.
"""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Flavour:
    """One row of the table above."""

    shift: float  # added to the elapsed time
    divided: bool  # by unfolds
    cm: Range
    gleak: Range
    w: Range
    smallest: tuple[float, float, float]  # w, gleak, cm
    largest: float  # of all three
    output_map: bool
    excitatory: float  # share of the reversal potentials that start at +1; the others start at -1


_INF = float("inf")
FLAVOURS = {
    "ltc": Flavour(0.0, False, (0.5, 0.5), (1.0, 1.0), (0.01, 1.0), (1e-5, 1e-5, 1e-6), 1000.0, False, 1 / 2),
    "cfc_torch": Flavour(1.0, True, (0.4, 0.6), (0.001, 1.0), (0.001, 1.0), (0.0, 0.0, 0.0), _INF, False, 1 / 2),
    "cfc_tf": Flavour(1e-3, True, (0.4, 0.6), (0.001, 1.0), (0.001, 1.0), (0.0, 0.0, 0.0), _INF, True, 1 / 2),
    "ncps": Flavour(0.0, True, (0.4, 0.6), (0.001, 1.0), (0.001, 1.0), (0.0, 0.0, 0.0), _INF, True, 2 / 3),
}
