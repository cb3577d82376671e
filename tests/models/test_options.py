"""The options of every model: their kinds, both ends of their ranges, and what they cost before they cost anything."""

import inspect
import math
from typing import Any

import pytest
import torch

from ltcbench import models
from ltcbench.errors import UserError

# The least and the most that an option may be, and values just beyond.
RANGES: dict[str, tuple[float, float, float, float]] = {
    "backbone_units": (1, 10**6, 0, 10**6 + 1),
    "backbone_layers": (0, 100, -1, 101),
    "backbone_dropout": (0.0, 0.99, -0.01, 1.0),
    "gain": (1e-6, 1e6, 0.0, 1.1e6),
    "sparsity": (0.0, 0.99, -0.01, 1.0),
    "motors": (1, 4, 0, 5),
    "wiring_seed": (0, 2**64 - 1, -1, 2**64),
    "forget_bias": (-1e6, 1e6, -1.1e6, 1.1e6),
    "unfolds": (1, 1000, 0, 1001),
    "step_size": (1e-6, 1e6, 0.0, 1.1e6),
    "tolerance": (1e-3, 0.99, 0.0, 1.0),
    "clip": (1e-6, 1e6, 0.0, 1.1e6),
    "dt": (1e-6, 1e6, 0.0, 1.1e6),
    "beta": (0.0, 1.0, -0.01, 1.01),
    "epsilon": (1e-6, 1e6, 0.0, 1.1e6),
    "init_std": (1e-6, 1e6, 0.0, 1.1e6),
    "scales": (1, 64, 0, 65),
    "ode_units": (1, 10**6, 0, 10**6 + 1),
    "layers": (1, 100, 0, 101),
    "heads": (1, 10**6, 0, 10**6 + 1),
    "feedforward": (1, 1000, 0, 1001),
    "dropout": (0.0, 0.99, -0.01, 1.0),
    "vocabulary": (0, 10**5, -1, 10**8 + 1),
    "embedding_size": (1, 1000, 0, 10**6 + 1),
    "embedding_dropout": (0.0, 0.99, -0.01, 1.0),
    "phi_layers": (1, 100, 0, 101),
    "phi_units": (1, 1000, 0, 10**6 + 1),
    "rho_layers": (1, 100, 0, 101),
    "rho_units": (1, 1000, 0, 10**6 + 1),
    "waves": (2, 500, 1, 501),
    "longest": (1e-6, 1e6, 0.0, 1.1e6),
    "attention_dropout": (0.0, 0.99, -0.01, 1.0),
    "reference_points": (2, 10**4, 1, 10**4 + 1),
    "time_units": (2, 2048, 1, 2049),
    "head_units": (1, 1000, 0, 10**6 + 1),
    "max_length": (1, 10**6, 0, 10**6 + 1),
    "order": (1, 512, 0, 513),
    "theta": (1.0, 1e6, 0.99, 1.1e6),
    "reconstruction": (0.0, 1e6, -0.01, 1.1e6),
    "latent_size": (1, 1000, 0, 1001),
    "encoder_layers": (1, 100, 0, 101),
    "encoder_units": (1, 1000, 0, 1001),
    "decoder_layers": (1, 100, 0, 101),
    "decoder_units": (1, 1000, 0, 1001),
    "gru_units": (1, 1000, 0, 1001),
    "units": (1, 1000, 0, 1001),
    "samples": (1, 100, 0, 101),
    "elbo": (0.0, 1e6, -0.01, 1.1e6),
    "readout_std": (1e-6, 1e6, 0.0, 1.1e6),
}
GAMMA = {"cornn": (1e-6, 1e6, 0.0, 1.1e6), "lipschitz_rnn": (0.0, 1e6, -0.01, 1.1e6)}
OF_THE_BUILDER = ("vocabulary", "embedding_size", "embedding_dropout", "readout_std")
NUMERIC = [
    (name, option)
    for name in models.MODELS
    for option, default in models.options_of(name).items()
    if not isinstance(default, (str, bool))
] + [("lstm", option) for option in OF_THE_BUILDER]


def build(name: str, option: str, value: Any) -> models.Network:
    """A small network with an option, and with others that let it have an effect."""
    options: dict[str, Any] = {option: value}
    if option in ("sparsity", "motors", "wiring_seed"):
        options["wiring"] = "random"
        options |= {"backbone_layers": 0} if "backbone_layers" in models.options_of(name) else {}
    if option.startswith("embedding"):
        options["vocabulary"] = 5
    return models.build(name, 1, 4, 2, **options)


def beyond(name: str, option: str) -> tuple[float, float, float, float]:
    if (name, option) == ("seft", "heads"):
        return 1, 100, 0, 101
    if (name, option) == ("ip_nets", "theta"):
        return -1e6, 1e6, -1.1e6, 1.1e6
    if name.startswith("mtand") and option == "reference_points":
        return 1, 10**4, 0, 10**4 + 1
    return GAMMA[name] if option == "gamma" else RANGES[option]


@pytest.mark.parametrize(("name", "option"), NUMERIC)
def test_both_ends_of_a_range_and_what_lies_beyond(name: str, option: str) -> None:
    least, most, below, above = beyond(name, option)
    for value in (least, most):
        y, _ = build(name, option, value).eval()(torch.zeros(2, 3, 1))
        assert y.shape == (2, 3, 2)
    for value in (below, above, math.nan, math.inf, -math.inf, 10**400):
        with pytest.raises(UserError, match=rf"^model\.{option}="):
            build(name, option, value)


@pytest.mark.parametrize(("name", "option"), NUMERIC)
def test_what_is_no_number_is_refused(name: str, option: str) -> None:
    wrong = ["abc", "", True, [1]] if isinstance(beyond(name, option)[0], float) else ["abc", "", True, [1], 2.5]
    for value in wrong:
        with pytest.raises(UserError, match=rf"^model\.{option}="):
            build(name, option, value)


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name in models.MODELS for option, default in models.options_of(name).items()
     if isinstance(default, (str, bool))] + [("lstm", "readout")],
)  # fmt: skip
def test_choices_and_switches_take_nothing_else(name: str, option: str) -> None:
    for value in (3, 2.5, None, "nothing", []):
        with pytest.raises(UserError, match=rf"model\.{option}"):
            build(name, option, value)


@pytest.mark.parametrize("name", models.MODELS)
def test_every_option_of_a_cell_tells_its_kind(name: str) -> None:
    entry = models.MODELS[name]
    for option, parameter in inspect.signature(entry.cell).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            assert parameter.annotation in (bool, int, float, str, int | None, float | None), option


@pytest.mark.parametrize("feature_mask", [False, True])
@pytest.mark.parametrize("name", models.MODELS)
def test_a_network_without_data_has_the_same_size(name: str, feature_mask: bool) -> None:
    real = models.build(name, 3, 8, 2, feature_mask=feature_mask)
    with torch.device("meta"):
        free = models.build(name, 3, 8, 2, feature_mask=feature_mask)
    assert free.size() == real.size()
    assert all(tensor.is_meta for tensor in (*free.parameters(), *free.buffers()))


@pytest.mark.parametrize("name", ["ltc", "cfc"])
@pytest.mark.parametrize("wiring", ["random", "ncp"])
def test_a_wired_network_without_data(name: str, wiring: str) -> None:
    options = {"wiring": wiring} | ({"backbone_layers": 0} if name == "cfc" else {})
    real = models.build(name, 3, 8, 2, **options)
    with torch.device("meta"):
        free = models.build(name, 3, 8, 2, **options)
    assert free.size() == real.size() and all(tensor.is_meta for tensor in free.buffers())


def test_three_units_are_too_few_for_a_circuit() -> None:
    with pytest.raises(UserError, match=r"model\.hidden_size=3 is too few for model\.wiring=ncp"):
        models.build("ltc", 1, 3, wiring="ncp")
