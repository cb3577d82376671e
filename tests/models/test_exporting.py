"""Networks as programs of torch: the same numbers, whatever the batch and the length."""

import pytest
import torch

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.exporting import step_program, whole_program

WHOLE = [name for name in models.MODELS if name != "ltc_ode" and not models.build(name, 2, 4).cell.at_once]
QUICK = ("cfc", "ltc", "gru_d")


def of(name: str, missing: bool) -> models.Network:
    torch.manual_seed(0)
    return models.build(name, 3, 8, 2, feature_mask=missing).eval()


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        *((name, missing) for name in QUICK for missing in (False, True)),
        *(pytest.param(name, True, marks=pytest.mark.slow) for name in WHOLE if name not in QUICK),
    ],
)
def test_whole_sequences(name: str, missing: bool) -> None:
    net = of(name, missing)
    program = whole_program(net).module()
    for batch, time in ((1, 1), (5, 7)):
        x, elapsed = torch.randn(batch, time, 3), torch.rand(batch, time)
        observed = torch.rand(batch, time, 3) > 0.5 if missing else None
        given = (x, elapsed) if observed is None else (x, elapsed, observed)
        torch.testing.assert_close(program(*given), net(x, elapsed=elapsed, mask=observed)[0], atol=1e-5, rtol=1e-5)


def test_words() -> None:
    net = models.build("lstm", 1, 8, 2, vocabulary=20).eval()
    words = torch.randint(20, (4, 6, 1)).float()
    torch.testing.assert_close(whole_program(net).module()(words, torch.ones(4, 6)), net(words)[0])


@pytest.mark.parametrize(
    ("name", "why"), [("transformer", "sees whole sequences"), ("ltc_ode", "as many solver steps")]
)
def test_what_has_no_step_is_refused(name: str, why: str) -> None:
    pytest.importorskip("torchdiffeq")
    with pytest.raises(UserError, match=why):
        step_program(of(name, False))
