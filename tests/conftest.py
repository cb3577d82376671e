"""Fixtures of all tests."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reporting.browser import REASON, Browser, browser

# Before anything imports torch: the tests' arrays are small and two workers go side by side, so that more threads
# only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing that the tests' trainings leave for later ones stays on the machine, nor is taken from it."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def subnormal_numbers() -> Iterator[None]:
    """A training in the test's own process leaves the processor without them, and other tests have to have them."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder with real raw data, ``<mirror>/<dataset>/<file>``; a test that asks for it is skipped without one."""
    folder = Path(os.environ.get("LTCBENCH_MIRROR") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no data mirror beside the checkout")
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium for the pages of a module; its tests are skipped without one."""
    if REASON:
        pytest.skip(REASON)
    with browser() as session:
        yield session
