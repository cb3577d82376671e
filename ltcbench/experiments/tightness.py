"""How well the closed form of the CfC paper follows the equation: one unit, step by step, and a neuron of a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltcbench.experiments import layouts
from ltcbench.experiments.closed import recording, scalar, stepwise
from ltcbench.experiments.closed.neuron import FROZEN, HAND_STATES, HAND_STEPS, Form, closed_form, euler, fit
from ltcbench.experiments.closed.scalar import Array
from ltcbench.experiments.closed.signals import SIGNALS
from ltcbench.experiments.experiment import Draw, Result, Row
from ltcbench.experiments.summaries import shown
from ltcbench.paper import claims
from ltcbench.reporting import plots
from ltcbench.reporting.charts import Axis, apart, axis, frame, line
from ltcbench.reporting.layout import Layout, Section
from ltcbench.values import Range

NUMERICS = 1
KEY = {"part": str, "seed": int}
PAIRS = (
    ("closed", "ode"),
    ("modified", "ode"),
    ("closed", "modified"),
    ("no_factor", "modified"),
    ("input_free", "modified"),
    ("rest", "ode"),
)
COLUMNS = {
    "case": str,  # the input, the formula, or the form
    "w_tau": float,
    **{f"{one}_{other}": float for one, other in PAIRS},  # mean squared errors
    "outside": float,  # share of the time in which closed is further from ode than lemma 1 allows from modified
    "lemma": float,  # largest distance of closed from modified, in lemma 1's bounds
    "miss": float,  # distance of closed from the first state at time 0
    "variance": float,  # of ode; of a neuron's activity
    "steps": int,
    "error": float,  # after these steps, against the equation that the formula stands for
    "mse": float,  # of a neuron
    "left": float,  # share of variance left after the best scale and offset
}
SHOWN_AT = 1.0  # w_tau of the curves in the picture
COUNTS = (4, 64, 1024)
FORMS = {
    "algorithm 1": Form(),
    "algorithm 1, time frozen": Form(sample=FROZEN),
    "code": Form(weights=True, sample=FROZEN, x0=3.0),
    "code, from 0": Form(weights=True, sample=FROZEN),
    "weighted mean": Form(weights=True, summed=False),
}
OTHERS = ("at rest", "Euler by hand", "constant", "as set")
EXPLANATION = (
    "Mean squared errors over time. ode: the LTC's own equation; modified: the one that the proof solves; no_factor: "
    "the closed form without f(-I); input_free: a formula that does not see the input; rest: A f / (w + f) at every "
    "time. Left: share of the activity's variance left after the best scale and offset."
)


@dataclass(frozen=True)
class Quirks:
    """Of the closed form of a neuron."""

    summed_rest: bool
    no_weights: bool
    frozen_time: bool
    hand_steps: bool

    @property
    def form(self) -> Form:
        """The closed form."""
        sample, x0 = (FROZEN, 3.0) if self.frozen_time else (1.0, 0.0)
        return Form(not self.no_weights, self.summed_rest, sample, x0)


@dataclass(frozen=True)
class Settings:
    """See ``conf/experiment/tightness.yaml``."""

    seed: int
    draws: int
    w_tau: Sequence[float]
    end: float
    points: int
    networks: int
    samples: int
    recording: str | None
    quirks: Quirks


RANGES = {
    "seed": Range(0, 2**32),
    "draws": Range(1, 100_000),
    "w_tau": Range(0, 1e3),
    "end": Range(0, 1e3, without="least"),
    "points": Range(3, 10**6),
    "networks": Range(0, 10_000),
    "samples": Range(2, 10**6),
}
CHOICES: Mapping[str, Sequence[str]] = {}
FILES = ("recording",)


def draws(settings: Settings) -> list[Draw]:
    """The units, the steps, the networks, the recording."""
    seeds = range(settings.seed, settings.seed + settings.draws)
    units = [Draw(("unit", seed), len(SIGNALS) * len(settings.w_tau)) for seed in seeds]
    lines = len(FORMS) + len(OTHERS)
    networks = [Draw(("network", seed), lines) for seed in seeds[: settings.networks]]
    recorded = [Draw(("recording", settings.seed), lines)] if settings.recording else []
    return [*units, Draw(("stepwise", settings.seed), len(stepwise.STEPS) * len(COUNTS)), *networks, *recorded]


def compute(settings: Settings, part: str, seed: int) -> list[Row]:
    """One unit with each input and rate, the steps, or one network.

    Of a unit are drawn its synapse, see ``closed.scalar.drawn``, then the inputs in the order of ``SIGNALS``; of a
    network, see ``closed.recording.surrogate``.
    """
    if part == "unit":
        return _unit(np.random.default_rng(seed), settings)
    if part == "stepwise":
        return _stepwise()
    if part == "network":
        return _network(recording.surrogate(np.random.default_rng(seed), settings.samples), settings.quirks)
    return _network(recording.read(Path(str(settings.recording))), settings.quirks)


def _time(settings: Settings) -> Array:
    return np.linspace(0.0, settings.end, settings.points)


def _unit(rng: np.random.Generator, settings: Settings) -> list[Row]:
    t, unit = _time(settings), scalar.drawn(rng)
    signals = {name: signal(rng, t) for name, signal in SIGNALS.items()}
    return [
        _row(**_compared(unit, w, t, signal), case=name) for name, signal in signals.items() for w in settings.w_tau
    ]


def _compared(unit: scalar.Unit, w: float, t: Array, signal: Array) -> dict[str, float]:
    found, bound = scalar.solutions(unit, w, t, signal), scalar.lemma(unit, w, t)
    errors = {f"{one}_{other}": float(((found[one] - found[other]) ** 2).mean()) for one, other in PAIRS}
    return errors | {
        "w_tau": float(w),
        "outside": float((np.abs(found["closed"] - found["ode"]) > bound).mean()),
        "lemma": float(np.abs(scalar.bracket(t, unit.f(signal))).max()),
        "miss": float(abs(found["closed"][0] - unit.x0)),
        "variance": float(found["ode"].var()),
    }


def _stepwise() -> list[Row]:
    exact = {name: stepwise.exact(name in ("closed", "no_factor")) for name in stepwise.STEPS}
    return [
        _row(case=name, w_tau=stepwise.W, steps=n, error=float(stepwise.after(step, n) - exact[name]))
        for name, step in stepwise.STEPS.items()
        for n in COUNTS
    ]


def _network(recorded: recording.Recording, quirks: Quirks) -> list[Row]:
    neuron, u = recorded.neuron(0)
    activity = recorded.neurons[:, 0]
    by_hand = euler(neuron, u, HAND_STEPS[0], HAND_STATES.get(0, 0.0))
    curves = {name: closed_form(neuron, u, form) for name, form in FORMS.items()}
    curves |= {"at rest": neuron.rest(u), "Euler by hand": by_hand, "constant": np.full_like(activity, activity.mean())}
    fits = {name: fit(curve, activity) for name, curve in curves.items()}
    fits["as set"] = fit(closed_form(neuron, u, quirks.form), by_hand if quirks.hand_steps else activity)
    return [_row(case=name, mse=its.mse, left=its.left, variance=float(activity.var())) for name, its in fits.items()]


def _row(**known: Any) -> Row:
    return dict.fromkeys(COLUMNS) | known


def values(settings: Settings, rows: Sequence[Row]) -> Mapping[str, Any]:
    """Means over units by rate and by input, errors of the steps, medians over networks, the recording."""
    units = [row for row in rows if row["part"] == "unit"]
    return {
        "w_tau": [_mean_of([row for row in units if row["w_tau"] == w]) | {"w_tau": w} for w in settings.w_tau],
        "inputs": [_mean_of([row for row in units if row["case"] == name]) | {"input": name} for name in SIGNALS],
        "lemma": max(float(str(row["lemma"])) for row in units),
        "sharpest": {"upper": scalar.sharpest(1.0, True), "lower": scalar.sharpest(1.0, False)},
        "stepwise": [{k: row[k] for k in ("case", "steps", "error")} for row in rows if row["part"] == "stepwise"],
        "network": _forms([row for row in rows if row["part"] == "network"]),
        "recording": _forms([row for row in rows if row["part"] == "recording"]),
    }


def _mean_of(rows: Sequence[Row]) -> dict[str, Any]:
    paper: float = claims.claim("cfc-tightness").numbers["mse"]
    numbers = {name: np.array([row[name] for row in rows], float) for name in COLUMNS if rows[0][name] is not None
               and name not in ("case", "w_tau")}  # fmt: skip
    means: dict[str, Any] = {name: float(numbers[name].mean()) for name in numbers}
    met = {f"met_{other}": float((numbers[f"closed_{other}"] <= paper).mean()) for other in ("ode", "modified")}
    return means | met | {"n": len(rows)}


def _forms(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Of each form the median, the range and what is not finite."""
    return [
        _form(case, [row for row in rows if row["case"] == case]) for case in dict.fromkeys(r["case"] for r in rows)
    ]


def _form(case: Any, rows: Sequence[Row]) -> dict[str, Any]:
    paper: float = claims.claim("cfc-tightness").numbers["mse"]
    mse, left = (np.array([row[name] for row in rows], float) for name in ("mse", "left"))
    whole = np.isfinite(mse)
    middle = {
        "mse": np.quantile(mse, (0, 0.5, 1), method="nearest"),
        "left": np.quantile(left, (0, 0.5, 1), method="nearest"),
    }
    return {
        "form": case,
        "n": len(rows),
        "not_finite": int((~whole).sum()),
        "met": int((mse <= paper).sum()),
        **{name: float(q[1]) if np.isfinite(q[1]) else None for name, q in middle.items()},
        **{f"{name}_low": float(q[0]) if np.isfinite(q[0]) else None for name, q in middle.items()},
        **{f"{name}_high": float(q[2]) if np.isfinite(q[2]) else None for name, q in middle.items()},
    }


def layout(result: Result) -> Layout:
    """What became of the theorem, the lemma and the number."""
    claim, found = claims.claim("cfc-tightness"), result.values
    title = f"{claim.name}: {claim.title}, {layouts.under(result)}. {claim.source}."
    if not found:
        return Layout(title, (), claim.notes, ("not run",), EXPLANATION)
    sections = [_by_rate(found["w_tau"]), _by_input(found["inputs"]), _by_steps(found["stepwise"])]
    sections += [
        _by_form(f"a neuron of {some[0]['n']} random networks, medians", some) for some in [found["network"]] if some
    ]
    sections += [
        _by_form("a neuron of the recording (layout unconfirmed)", some) for some in [found["recording"]] if some
    ]
    return Layout(title, tuple(sections), claim.notes, verdicts(found), EXPLANATION)


def verdicts(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The lemma, the tightness to the LTC's equation, the paper's number."""
    sharp = found["sharpest"]
    lemma = "holds" if found["lemma"] <= 1 + 1e-9 else "fails"
    decaying = [line for line in found["w_tau"] if line["w_tau"] > 0]
    met = sum(round(line["met_ode"] * line["n"]) for line in decaying)
    every = sum(line["n"] for line in decaying)
    tight = "differs" if met < every / 2 else "reproduced"
    shares = (
        f"at most {found['lemma']:.4f} of the bound in the draws, {sharp['upper']:.6f} with the input that drives it"
    )
    return (
        f"Theorem 1 and lemma 1, for the proof's equation: {lemma}; {shares} there.",
        f"Tight to the LTC's own equation: {tight}; 0.006 is met in {met} of {every} cases with w_tau > 0.",
        "0.006 itself: cannot be recomputed.",
    )


def _by_rate(lines: Sequence[Mapping[str, Any]]) -> Section:
    head = ("w_tau", *(f"{a}-{b}" for a, b in PAIRS), "0.006 met: ode / modified", "outside lemma, ode", "at t = 0")
    rows = [[f"{its['w_tau']:g}", *_errors(its)] for its in lines]
    return Section("one unit: mean squared errors over all inputs", (), head, layouts.lines(rows), ())


def _by_input(lines: Sequence[Mapping[str, Any]]) -> Section:
    head = ("input", *(f"{a}-{b}" for a, b in PAIRS), "0.006 met: ode / modified", "outside lemma, ode", "at t = 0")
    rows = [[its["input"], *_errors(its)] for its in lines]
    return Section("one unit: mean squared errors over all w_tau", (), head, layouts.lines(rows), ())


def _errors(its: Mapping[str, Any]) -> list[str]:
    return [
        *(shown(its[f"{one}_{other}"]) for one, other in PAIRS),
        f"{100 * its['met_ode']:.0f} / {100 * its['met_modified']:.0f} %",
        f"{100 * its['outside']:.0f} %",
        shown(its["miss"]),
    ]


def _by_steps(lines: Sequence[Mapping[str, Any]]) -> Section:
    against = {"closed": "modified", "no_factor": "modified", "exponential": "ode", "fused": "ode"}
    errors = {(its["case"], its["steps"]): its["error"] for its in lines}
    rows = [[name, other, *(f"{errors[name, n]:.2g}" for n in COUNTS)] for name, other in against.items()]
    head = ("formula", "against", *(f"{n} steps" for n in COUNTS))
    title = f"step by step to t = {stepwise.UNTIL:g}, w_tau {stepwise.W:g}, input sin t: error in the end"
    return Section(title, (), head, layouts.lines(rows), ())


def _by_form(title: str, lines: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        [
            its["form"],
            "not finite" if its["mse"] is None else shown(its["mse"]),
            "" if its["left"] is None else f"{100 * its['left']:.3g} %",
            f"{its['met']} of {its['n']}",
            str(its["not_finite"]),
        ]
        for its in lines
    ]
    return Section(title, (), ("form", "error", "left", "0.006 met", "not finite"), layouts.lines(rows), ())


def picture(result: Result, rows: Sequence[Row]) -> bytes:
    """Five inputs of the first unit with the formulas over time; errors over w_tau."""
    t, rng = _time(result.settings), np.random.default_rng(result.settings.seed)
    unit = scalar.drawn(rng)
    width, height, parts = 330, plots.HEIGHT, []
    for i, (name, signal) in enumerate(SIGNALS.items()):
        found = scalar.solutions(unit, SHOWN_AT, t, signal(rng, t))
        left, top = (i % 3) * width, (i // 3) * height
        parts += _curves(name, t, found, left, width, top)
    parts += _over_w(result.values["w_tau"], 2 * width, width, height)
    label = "formulas over time for five inputs, and their errors over w_tau"
    return plots.standalone(3 * width + 90, 2 * height, label, parts)


def _curves(name: str, t: Array, found: Mapping[str, Array], left: int, width: int, top: int) -> list[str]:
    chosen = ("ode", "modified", "closed", "no_factor")
    x = Axis(0, float(t[-1]), left + 56, left + width - 66)
    y = axis(
        [float(v) for key in chosen for v in (found[key].min(), found[key].max())], top + plots.HEIGHT - 34, top + 34
    )
    parts, names, few = frame(x, y, "t", f"{name}, w_tau {SHOWN_AT:g}: x"), [], slice(None, None, max(1, len(t) // 200))
    for key in chosen:
        points = [(x(a), y(b)) for a, b in zip(t[few].tolist(), found[key][few].tolist(), strict=True)]
        parts.append(line(points, "own" if key == "closed" else "other"))
        names.append((points[-1][0] + 4, points[-1][1] + 4, key))
    return [*parts, *_texts(names)]


def _over_w(lines: Sequence[Mapping[str, Any]], left: int, width: int, top: int) -> list[str]:
    some = [its for its in lines if its["w_tau"] > 0]
    if not some:
        return []
    x = axis([its["w_tau"] for its in some], left + 56, left + width - 66, log=True)
    every = [its[f"{a}_{b}"] for its in some for a, b in PAIRS if its[f"{a}_{b}"] > 0]
    y = axis(every, top + plots.HEIGHT - 34, top + 34, log=True)
    parts, names = frame(x, y, "w_tau", "mean squared error"), []
    for one, other in PAIRS:
        points = [(x(its["w_tau"]), y(its[f"{one}_{other}"])) for its in some]
        parts.append(line(points, "own" if one == "closed" else "other"))
        names.append((points[-1][0] + 4, points[-1][1] + 4, f"{one}-{other}"))
    return [*parts, *_texts(names)]


def _texts(names: Sequence[tuple[float, float, str]]) -> list[str]:
    return [f'<text class="name" x="{a}" y="{b}">{text}</text>' for a, b, text in apart(names)]


TABLES = {"cfc-tightness": layout}
