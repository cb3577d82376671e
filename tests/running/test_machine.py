"""How torch is set up for a job."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from ltcbench.errors import UserError
from ltcbench.running import reevaluation
from ltcbench.running.machine import has_bfloat16, set_up, spread
from ltcbench.settings.composition import composed
from ltcbench.settings.job import tree


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    yield
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(precision)
    torch.set_flush_denormal(False)


def test_numbers_too_small_for_a_normal_float32_count_as_zero() -> None:
    vanished = torch.full((8,), 1e-30)
    assert (vanished * 1e-10).all()
    set_up(composed(["device=cpu"]))
    assert not (vanished * 1e-10).any()
    assert (vanished * 1e-7).all()


def test_products_are_rounded_only_when_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    job = composed(["device=cpu"])
    a = torch.randn(256, 256)

    set_up(job)
    exact = a @ a
    assert (exact.double() - a.double() @ a.double()).abs().max() < 1e-3
    assert not caplog.records

    set_up(replace(job, precision="bfloat16_matmul"))
    error = (a @ a - exact).abs().max().item()
    told = [record.message for record in caplog.records]
    if has_bfloat16():
        assert 1e-3 < error < 2
        assert not told
    else:
        assert error < 1e-3  # another routine perhaps, of single precision all the same
        assert told == ["precision=bfloat16_matmul changes nothing here: this CPU has no products of bfloat16."]

    set_up(job)
    assert torch.equal(a @ a, exact)


def test_a_run_is_evaluated_with_its_own_precision() -> None:
    job = composed(["precision=bfloat16_matmul"])
    assert reevaluation.job_of(tree(job)).precision == "bfloat16_matmul"
    assert reevaluation.job_of(tree(composed([]))).precision == "float32"


def test_jobs_side_by_side_share_out_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert spread("auto", 1) == "auto"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [spread("auto", place) for place in range(4)] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert {spread(device, 1) for device in ("cpu", "cuda", "cuda:0")} == {"cpu", "cuda", "cuda:0"}


@pytest.mark.parametrize("device", ["tpu", "meta", "cuda:99"])
def test_a_device_that_is_not_there(device: str) -> None:
    with pytest.raises(UserError, match=f"device={device} "):
        set_up(replace(composed([]), device=device))
