from collections.abc import Iterable

import pytest
import torch

from ltcbench.bench.timing import Times, interleaved, precise, with_precision


class World:
    """A clock, and actions that take the seconds they are given; the last of them again and again."""

    def __init__(self, **durations: Iterable[float]) -> None:
        self.now = 0.0
        self.called = ""
        self.actions = {name: self.action(name, list(values)) for name, values in durations.items()}

    def action(self, name: str, left: list[float]):  # type: ignore[no-untyped-def]
        def act() -> None:
            self.called += name
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return act

    def times(self, repeats: int, seconds: float = 1e9) -> dict[str, Times]:
        return interleaved(self.actions, repeats, seconds, clock=lambda: self.now)


def test_actions_take_turns_and_each_begins_a_round() -> None:
    world = World(a=[1], b=[1], c=[1])
    world.times(4)
    assert world.called == "aabbcc" + "abc" + "bca" + "cab" + "abc"


def test_median_and_quartiles_without_the_warm_up() -> None:
    world = World(a=[90, 90, 5, 1, 2, 4, 3])
    assert world.times(5)["a"] == Times(5, 3, 2, 4)
    assert Times.of([7.0]) == Times(1, 7, 7, 7)
    assert Times(5, 4, 2, 8) / 2 == Times(5, 2, 1, 4)


def test_short_actions_are_repeated_in_a_sample() -> None:
    world = World(a=[0.002], b=[1])
    times = world.times(3)
    assert times["a"].median == pytest.approx(0.002)
    assert world.called.count("a") == 2 + 3 * 5
    assert world.called.count("b") == 2 + 3


def test_slow_actions_are_sampled_less_often() -> None:
    times = World(a=[1], b=[30]).times(10, seconds=5)
    assert (times["a"].n, times["b"].n) == (5, 3)


def test_the_clock_waits_for_the_device() -> None:
    world = World(a=[0.0])

    def synchronise() -> None:
        world.now += 2

    assert interleaved(world.actions, 3, clock=lambda: world.now, synchronise=synchronise)["a"].median == 2


def test_precision_holds_during_the_action_only() -> None:
    seen = []
    before = torch.get_float32_matmul_precision()
    with_precision(lambda: seen.append(torch.get_float32_matmul_precision()), "bfloat16_matmul")()
    assert seen == ["medium"]
    assert torch.get_float32_matmul_precision() == before
    with pytest.raises(ZeroDivisionError), precise("bfloat16_matmul"):
        raise ZeroDivisionError
    assert torch.get_float32_matmul_precision() == before
