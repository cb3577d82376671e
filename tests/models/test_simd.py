"""The small kernels in C against torch."""

import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ltcbench.models.engines import gru, native

pytestmark = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler")
CODE = """
#include "simd.h"
#include "activations.h"
void product(int64_t m, int64_t n, int64_t k, int64_t transposed, const float *a, const float *b, float *c,
             int64_t add) {
    float *packed = room(packed_size(k, n));
    pack(k, n, b, 1, k, packed);
    multiply(m, n, k, a, transposed ? 1 : k, transposed ? m : 1, packed, c, n, add);
    free(packed);
}
void sums(int64_t rows, int64_t n, const float *a, float *total) { add_rows(rows, n, a, total); }
void functions(int64_t n, const float *x, float *e, float *s, float *t, float *erf) {
#pragma omp simd simdlen(16)
    for (int64_t i = 0; i < n; i++) {
        e[i] = exponential(x[i]);
        s[i] = sigmoid(x[i]);
        t[i] = hyperbolic_tangent(x[i]);
        erf[i] = error_function(x[i]);
    }
}
"""


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> native.Source:
    folder = tmp_path_factory.mktemp("simd")
    for header in gru.SOURCE.path.parent.glob("*.h"):
        shutil.copy(header, folder)
    (folder / "kernels.c").write_text(CODE, encoding="utf-8")
    source = native.Source(Path(folder / "kernels.c"), ("product", "sums", "functions"))
    assert source.serves(torch.zeros(1))
    return source


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 70), st.integers(1, 50), st.booleans(), st.booleans(), st.integers(0, 99))
def test_a_product_of_any_shape(kernels: native.Source, m: int, n: int, k: int, transposed: bool, add: bool,
                                seed: int) -> None:  # fmt: skip
    torch.manual_seed(seed)
    a, b, c = torch.randn(m, k), torch.randn(n, k), torch.randn(m, n)
    expected = (c if add else 0) + a.double() @ b.double().t()
    kernels.call("product", m, n, k, transposed, a.t().contiguous() if transposed else a, b, c, add)
    assert (c - expected).abs().max() < 1e-5 * max(1.0, expected.abs().max().item())


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (63, 16), (64, 33), (1000, 40)])
def test_sums_over_rows(kernels: native.Source, rows: int, n: int) -> None:
    a, total = torch.randn(rows, n), torch.ones(n)
    kernels.call("sums", rows, n, a, total)
    assert torch.allclose(total.double(), 1 + a.double().sum(0), rtol=0, atol=2e-5)


def functions(kernels: native.Source, x: Tensor) -> tuple[Tensor, ...]:
    results = torch.empty(4, len(x)).unbind(0)
    kernels.call("functions", len(x), x, *results)
    return results


def test_functions_are_right_to_the_last_bits(kernels: native.Source) -> None:
    x = torch.cat([torch.linspace(-87, 87, 100_001), torch.linspace(-4, 4, 100_001), torch.logspace(-30, 0, 1001)])
    expected = (x.double().exp(), x.double().sigmoid(), x.double().tanh(), x.double().erf())
    for got, right in zip(functions(kernels, x), expected, strict=True):
        error = (got - right).abs() / right.abs().clamp(min=1e-37)
        assert (error < 4e-7 + 6e-8 * x.abs()).all()  # a float has 6e-8, and so has x log2(e) beside its whole part


def test_functions_far_out(kernels: native.Source) -> None:
    e, s, t, erf = functions(kernels, torch.tensor([1e30, -1e30, 0.0]))
    assert e.isfinite().all() and e[0] > 1e37 and e[2] == 1
    assert s.tolist() == pytest.approx([1, 0, 0.5], abs=1e-37)
    assert t.tolist() == [1, -1, 0]
    assert erf.tolist() == pytest.approx([1, -1, 0], abs=1e-7)


def test_what_is_no_number_stays_none(kernels: native.Source) -> None:
    """Of infinite arguments too: a clamp of the argument would cost a fifth of the time."""
    given = torch.tensor([float("nan"), float("inf"), -float("inf")])
    e, s, t, _ = functions(kernels, given)
    assert all(part.isnan().all() for part in (e, s, t))
