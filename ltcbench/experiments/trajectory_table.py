"""The lengths of the paper's panels, ours beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ltcbench.experiments import layouts
from ltcbench.experiments.drawing import NAMES
from ltcbench.experiments.experiment import Result
from ltcbench.experiments.networks import MODELS
from ltcbench.experiments.panels import PANELS, Network, network
from ltcbench.experiments.summaries import shown
from ltcbench.paper import claims
from ltcbench.reporting.layout import Layout, Section

HEAD = (
    *("network", "model", "paper", "ours", "5 to 95 %", "longest"),
    *("size-free", "turns", "share", "unfinished", "verdict"),
)
EXPLANATION = (
    "A network: activation, units x layers, spread of the weights. Ours: median length, with the range of the middle "
    "90 % of the draws. Longest: in which share of draws the model is. Size-free: length over the deviation of the "
    "first component (straight line 3.46, circle 8.89); turns: changes of direction in full turns (circle 1); share of "
    "the variance in two components: medians of the draws that finished. Unfinished: draws that ran into the cap on "
    "steps, or whose values were no numbers any more; they count as longer than all others. A number of the paper is "
    "one draw: within if it lies in our range, else outside."
)
CLAIMS = {"length": "length", "relative_length": "length per unit of its own size", "turning": "turns"}


def layout(result: Result) -> Layout:
    """All chosen panels; without values the paper's numbers alone."""
    claim = claims.claim("ltc-trajectory")
    verdicts: list[str] = []
    sections = [_section(panel, result, verdicts) for panel in result.settings.panels]
    counts = ", ".join(f"{verdicts.count(word)} {word}" for word in ("within", "outside") if word in verdicts)
    said = [f"{len(verdicts)} numbers of the paper under {layouts.under(result)}: {counts}."] if verdicts else []
    said += _longest(result) if result.values else []
    title = f"{claim.name}: {claim.title}, {layouts.under(result)}. {claim.source}."
    return Layout(title, tuple(sections), claim.notes, tuple(said), EXPLANATION)


def _section(panel: str, result: Result, verdicts: list[str]) -> Section:
    lines: list[list[str]] = []
    best: set[tuple[int, int]] = set()
    for entry in PANELS[panel]:
        its = network(result.settings, entry)
        paper = (
            dict(zip(MODELS, entry.get("paper", ()), strict=False))
            if its == Network(entry["activation"], entry["width"], entry["layers"], float(entry["spread"]))
            else {}
        )
        found = result.values.get(its.name)
        first = len(lines)
        lines += [_line(its, model, paper.get(model), found and found[model], verdicts) for model in MODELS]
        if paper:
            best.add((first + max(range(3), key=lambda i: float(paper[MODELS[i]])), 2))
        if found:
            best |= {(first + i, 3) for i in _largest(found)}
    title = "the four activations" if panel == "activations" else f"figure {panel}"
    return Section(f"{title}: length of the trajectory", (), HEAD, layouts.lines(lines, best), ())


def _largest(found: Mapping[str, Any]) -> list[int]:
    medians = [found[model]["length"]["median"] for model in MODELS]
    ranked = [float("inf") if median is None else median for median in medians]
    return [i for i, median in enumerate(ranked) if median == max(ranked)]


def _line(its: Network, model: str, paper: float | None, found: Any, verdicts: list[str]) -> list[str]:
    name = f"{its.activation}, {its.width} x {its.layers}, {its.spread:g}"
    theirs = "" if paper is None else f"{paper:,g}"
    if found is None:
        return [name, NAMES[model], theirs, *[""] * 7, "not run"]
    length = found["length"]
    said = "ours only" if paper is None else verdict(paper, length)
    verdicts += [] if paper is None else [said]
    others = [("" if found[key] is None else shown(found[key])) for key in ("relative_length", "turning", "share")]
    return [
        name,
        NAMES[model],
        theirs,
        shown(length["median"]),
        f"{shown(length['low'])} to {shown(length['high'])}",
        f"{found['leads']['length']:.0%}",
        *others,
        f"{length['unfinished']} of {length['n']}",
        said,
    ]


def verdict(paper: float, length: Mapping[str, Any]) -> str:
    """Within where a single draw of the paper lies in the middle 90 % of ours."""
    low, high = (float("inf") if length[end] is None else length[end] for end in ("low", "high"))
    return "within" if low <= paper <= high else "outside"


def _longest(result: Result) -> Sequence[str]:
    """Whether the LTC is first, as the paper says of its length, by each measure: in most draws of the networks of the
    panel ``activations`` if it is chosen, else of all. Networks of which no draw finished are left to the lines above.
    """
    panels = ["activations"] if "activations" in result.settings.panels else result.settings.panels
    decide = {network(result.settings, entry).name for panel in panels for entry in PANELS[panel]}
    said = []
    for key, words in CLAIMS.items():
        shares = {name: its["ltc"]["leads"][key] for name, its in result.values.items()}
        first = {name: share > 0.5 for name, share in shares.items() if share is not None}
        word = "supported" if all(first[name] for name in decide if name in first) else "not supported"
        others = [name for name, leads in first.items() if not leads]
        where = f", not {'; '.join(others)}" if 0 < len(others) < len(first) else ""
        by = "by the four activations" if panels == ["activations"] else "by these"
        count = f"{len(first) - len(others)} of {len(first)} networks{where}"
        said.append(f"The LTC is first by {words} with {count}: {word} {by}.")
    return said
