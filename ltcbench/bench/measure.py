"""Measuring cases: our engines and the rivals, with the same weights on the same batch."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import nn
from tqdm import tqdm

from ltcbench.bench import actions, limits, memory
from ltcbench.bench.cases import Case
from ltcbench.bench.limits import Product, Work
from ltcbench.bench.measurements import Row
from ltcbench.bench.rivals import NotThere, Rival, rival
from ltcbench.bench.timing import Action, Clock, Times, interleaved, with_precision
from ltcbench.models import Network

SECONDS = 90.0
ACTIONS = {"step": actions.training_step, "update": actions.update, "inference": actions.inference}
K = TypeVar("K")


class Doing:
    """What one of those who take part in a case does.

    Args:
        action: what is timed; it runs in the precision.
        work: how much it computes.
        precision: of its matrix products.
        ours: whether it is ours.
    """

    def __init__(self, action: Action, work: Work, precision: str, ours: bool) -> None:
        self.action = with_precision(action, precision)
        self.work = work
        self.precision = precision
        self.ours = ours


class Bench:
    """Measures.

    Args:
        repeats: samples of each action.
        device: where.
        seconds: that all samples of one action together may take, unless they are very few.

    Attributes:
        notes: sentences on what was left out, each once.
    """

    def __init__(self, repeats: int, device: torch.device, seconds: float = SECONDS) -> None:
        self.repeats = repeats
        self.device = device
        self.seconds = seconds
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Keep a sentence for the end."""
        if sentence and sentence not in self.notes:
            self.notes.append(sentence)

    def rows(self, cases: Sequence[Case]) -> list[Row]:
        """The measurements of cases, one after the other; ours first in each."""
        return self.together([[case] for case in cases])

    def together(self, groups: Sequence[Sequence[Case]]) -> list[Row]:
        """The measurements of groups of cases; the cases of a group take turns."""
        shown = tqdm(groups, unit="case", disable=None, dynamic_ncols=True, leave=False)
        return [row for group in shown for row in (self._memory if group[0].what == "memory" else self._times)(group)]

    def rivals(self, names: Sequence[str], network: Network) -> list[Rival]:
        """Those of the rivals that there are for a network."""
        found = []
        for name in names:
            try:
                found.append(rival(name, network))
            except NotThere as reason:
                self.note(str(reason))
        return found

    def times(self, doings: Mapping[K, Action], clock: Clock = time.perf_counter) -> dict[K, Times]:
        """The times of actions by this clock, taken in turns."""
        torch.compiler.reset()  # else it gives up compiling after some cases, and says so only in its log
        synchronise = limits.synchroniser(self.device)
        return interleaved(doings, self.repeats, self.seconds, clock, synchronise)

    def _times(self, group: Sequence[Case]) -> list[Row]:
        contests = [self._contest(case) for case in group]
        doings = {(i, who): doing.action for i, contest in enumerate(contests) for who, doing in contest.items()}
        times = self.times(doings)
        return [
            row
            for i, (case, contest) in enumerate(zip(group, contests, strict=True))
            for row in self._compared(case, contest, {who: times[i, who] for who in contest})
        ]

    def _contest(self, case: Case) -> dict[str, Doing]:
        """Who takes part in a case, ours first."""
        network = actions.built(case, self.device)
        work = self._work(case, network)
        contest = {
            engine: Doing(self._action(case, network, engine), work, case.precision, True)
            for engine in self._engines(case, network)
        }
        for other in self.rivals(case.rivals, network):
            own = other.actions.get(case.what)
            batch = actions.batch(case, self.device)
            action = own(batch) if own else self._action(case, other.module, "eager")
            contest[str(other)] = Doing(action, self._work(case, other.reference), "float32", False)
        self._say_if_no_faster(case.precision, work.product)
        return contest

    def _compared(self, case: Case, contest: Mapping[str, Doing], times: Mapping[str, Times]) -> list[Row]:
        per = case.shape.steps if case.what == "inference" else 1
        fastest = min(times[who].median for who, doing in contest.items() if doing.ours)
        return [
            Row(
                **named(case),
                who=who,
                ours=doing.ours,
                **spread(times[who] / per),
                ratio=times[who].median / fastest,
                goal=goal(case.goals, who),
                **self._shares(doing, times[who].median, per),
            )
            for who, doing in contest.items()
        ]

    @staticmethod
    def _engines(case: Case, network: Network) -> list[str]:
        if case.what == "inference":
            return actions.engines_of_inference(network)
        return list(case.engines) or actions.engines(network.cell)

    def _action(self, case: Case, module: nn.Module, engine: str) -> Action:
        return ACTIONS[case.what](module, actions.batch(case, self.device), engine)

    def _work(self, case: Case, network: Network) -> Work:
        if network.cell.adaptive:  # how much it computes depends on the weights
            return Work(0, None, 0, 0)
        return limits.work(self._action(case, network, "eager"))

    def _shares(self, doing: Doing, seconds: float, per: int) -> dict[str, Any]:
        """Shares of the machine's limits, and what they are shares of."""
        work, shares = doing.work, dict[str, Any]()
        if work.product:
            rate = limits.product_rate(work.product, doing.precision, self.device)
            shares |= {"flop": work.flop // per, "gemm": work.flop / seconds / rate}
        if work.sigmoids:
            rate = limits.sigmoid_rate(work.array, self.device)
            shares |= {"sigmoids": work.sigmoids // per, "sigmoid": work.sigmoids / seconds / rate}
        least = limits.least(work, doing.precision, self.device)
        return shares | ({} if least is None else {"limit": least / per})

    def _say_if_no_faster(self, precision: str, product: Product | None) -> None:
        if precision != "float32" and product:
            fast, slow = (limits.product_rate(product, name, self.device) for name in (precision, "float32"))
            if fast < 1.2 * slow:
                self.note(f"precision={precision} makes matrix products no faster on this machine.")

    def _memory(self, group: Sequence[Case]) -> list[Row]:
        (case,) = group
        if not memory.can_be_measured(self.device):
            self.note("peak memory is left out: this system does not tell it.")
            return []
        engines = self._engines(case, actions.built(case, self.device))
        peaks = {engine: memory.peak(case, engine, self.device) for engine in engines}
        return [
            Row(
                **named(case),
                who=engine,
                ours=True,
                **spread(Times(1, bytes_, bytes_, bytes_)),
                unit="byte",
                ratio=bytes_ / max(peaks["eager"], 1),
                goal=memory.GOAL if engine != "eager" else None,
            )
            for engine, bytes_ in peaks.items()
        ]


def goal(goals: Mapping[str, float], who: str) -> float | None:
    """The ratio wanted of an engine or a rival, which is named with its version; None without any."""
    return next((wanted for name, wanted in goals.items() if who.startswith(name)), None)


def named(case: Case) -> dict[str, Any]:
    """What a row says of its case."""
    shape = case.shape
    return {
        "what": case.what,
        "model": case.model,
        "task": "",
        "batch": 1 if case.what == "inference" else shape.batch,
        "time": shape.steps,
        "features": shape.features,
        "units": shape.units,
        "settings": case.settings,
    }


def spread(times: Times) -> dict[str, Any]:
    """What a row says of its samples."""
    return {"n": times.n, "median": times.median, "low": times.low, "high": times.high}
