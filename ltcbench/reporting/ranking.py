"""Who is better over all tasks: the papers' numbers, ours under their protocol, ours under a clean one.

A task counts once, with the first column of the tables that has numbers for it. Of ours only whole trainings on
official data count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations

from ltcbench.paper.tables import MINUTES
from ltcbench.reporting import diagram
from ltcbench.reporting.comparison import Comparison, means, theirs
from ltcbench.reporting.layout import PROTOCOLS, Layout, Section, Text
from ltcbench.reporting.markup import figure, fold, tag
from ltcbench.reporting.nemenyi import Ranks, ranks

TASKS = 5  # in common, at least
MODELS = 3  # Friedman's test compares no fewer
TITLE = "Who is better over all tasks"
EXPLANATION = (
    "Mean ranks over the tasks that the models have in common, 1 is the best. Friedman's test asks whether any model "
    "is better than another; models whose ranks are less than Nemenyi's critical difference apart are not told apart "
    "(5 %, Demsar 2006). Ours are means of whole trainings on official data. The models shown are the largest set with "
    f"{TASKS} tasks in common."
)

Errors = Mapping[str, Mapping[str, float]]  # of a task: of a model, lower is better


@dataclass(frozen=True)
class Standing:
    """Whose numbers, and how the models stand by them.

    Attributes:
        title: whose numbers.
        tasks: the tasks in common.
        found: the ranks, None where there are too few tasks in common.
    """

    title: str
    tasks: tuple[str, ...]
    found: Ranks | None

    def sentence(self) -> str:
        """On how much it rests, and what follows."""
        if self.found is None:
            return f"No {MODELS} models have {TASKS} tasks in common, so there is nothing to rank."
        groups = "; ".join(", ".join(group) for group in self.found.groups())
        apart = f"not told apart: {groups}" if groups else "all are told apart"
        return (
            f"It rests on {self.found.tasks} tasks: {', '.join(self.tasks)}. Friedman's test: p = {self.found.p:.2g}. "
            f"Nemenyi's critical difference: {self.found.distance:.2f}; {apart}."
        )


def standings(comparisons: Sequence[Comparison]) -> list[Standing]:
    """The papers' models by their numbers, and ours under both protocols."""
    printed = _by_task(comparisons, None)
    own = [(f"Ours, {PROTOCOLS[protocol]}", _by_task(comparisons, protocol)) for protocol in PROTOCOLS]
    return [_standing(title, errors) for title, errors in (("The papers' numbers", printed), *own)]


def _by_task(comparisons: Sequence[Comparison], protocol: str | None) -> Errors:
    """Errors of the printed numbers, or of ours under a protocol."""
    found: dict[str, Mapping[str, float]] = {}
    for comparison in comparisons:
        for column in comparison.table.columns.values():
            if column.metric == MINUTES:
                continue
            whole = [row for row in comparison.column(column, protocol or "paper") if not row.marks]
            numbers = means(whole) if protocol else theirs(column)
            sign = 1 if column.direction == "min" else -1
            if len(numbers) >= MODELS:
                found.setdefault(column.task, {model: sign * number for model, number in numbers.items()})
    return found


def _standing(title: str, errors: Errors) -> Standing:
    chosen = max(_candidates(errors), key=lambda models: (len(models), len(_common(errors, models))), default=())
    if not chosen:
        return Standing(title, (), None)
    tasks = _common(errors, chosen)
    return Standing(title, tasks, ranks({model: [errors[task][model] for task in tasks] for model in chosen}))


def _candidates(errors: Errors) -> Iterator[tuple[str, ...]]:
    """The sets of models that some ``TASKS`` tasks have in common."""
    for some in combinations(errors.values(), TASKS):
        models = tuple(model for model in some[0] if all(model in others for others in some))
        if len(models) >= MODELS:
            yield models


def _common(errors: Errors, models: Sequence[str]) -> tuple[str, ...]:
    return tuple(task for task, there in errors.items() if all(model in there for model in models))


def laid_out(found: Sequence[Standing]) -> Layout:
    """The mean ranks as text."""
    sections = []
    for standing in found:
        ordered = standing.found.mean.items() if standing.found else ()
        lines = tuple((Text(model), Text(f"{rank:.2f}")) for model, rank in ordered)
        sections.append(Section(standing.title, (), ("model", "mean rank"), lines, (standing.sentence(),)))
    return Layout(TITLE, tuple(sections), (), (), EXPLANATION)


def section(comparisons: Sequence[Comparison]) -> str:
    """The section of the report."""
    found = standings(comparisons)
    said = [tag("p", escape(f"{one.title}. {one.sentence()}"), class_="said") for one in found]
    picture = figure(diagram.svg([(one.title, one.found) for one in found if one.found]), EXPLANATION)
    return tag("section", fold("h2", TITLE, "mean ranks and critical differences", picture, *said), id="ranks")
