"""The machine that a job runs on: device, threads, and how exact the arithmetic is."""

import logging
from functools import cache

import torch

from ltcbench.errors import UserError
from ltcbench.settings.job import Job

log = logging.getLogger("ltcbench")

# What torch calls each choice of ``precision``.
PRECISIONS = {"float32": "highest", "bfloat16_matmul": "medium"}


def set_up(job: Job) -> torch.device:
    """Tell torch how to compute the job: with how many threads, and how exact matrix products of float32 are.

    Numbers too small for a normal float32 (below 1.2e-38) count as 0 on the CPU: gradients that vanish over many steps
    become such numbers, with which a processor computes many times slower.

    Returns:
        Where to compute it.

    Raises:
        UserError: the device does not exist.
    """
    device = _device(job.device)
    torch.set_num_threads(job.threads)
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision(PRECISIONS[job.precision])
    if job.precision != "float32" and device.type == "cpu" and not has_bfloat16():
        log.warning("precision=%s changes nothing here: this CPU has no products of bfloat16.", job.precision)
    return device


def spread(device: str, place: int) -> str:
    """The device of the job at this place among those that go side by side: under ``auto`` they share out the GPUs."""
    count = torch.cuda.device_count() if device == "auto" else 0
    return f"cuda:{place % count}" if count > 1 else device


@cache
def has_bfloat16() -> bool:
    """Whether torch rounds the factors of a product to bfloat16 on this CPU where it may.

    It is tried: not every CPU with instructions for bfloat16 has them used for numbers of single precision.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(PRECISIONS["bfloat16_matmul"])
    factor = torch.full((256, 256), 1 + 2**-10)  # 1 in bfloat16
    rounded = (factor @ factor)[0, 0].item() == 256
    torch.set_float32_matmul_precision(before)
    return rounded


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"device={name} does not exist: expected auto, cpu, cuda or cuda:<number>.") from None
    if device.type not in ("cpu", "cuda"):
        raise UserError(f"device={name} is not supported: expected auto, cpu, cuda or cuda:<number>.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(
            f"device={name} is not there: torch sees {torch.cuda.device_count()} CUDA devices; try device=cpu."
        )
    return device
