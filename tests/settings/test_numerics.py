import pytest

from ltcbench.reporting.index import digest
from ltcbench.running.folder import fingerprint
from ltcbench.settings import numerics
from ltcbench.settings.composition import composed
from ltcbench.settings.job import tree


def test_a_change_concerns_the_identity_of_its_own_trainings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [composed(["task=xor", f"model={model}"]) for model in ("lstm", "gru")]
    before = [(fingerprint(job, {}), digest(tree(job))) for job in jobs]
    monkeypatch.setattr(numerics, "CHANGES", (*numerics.CHANGES, lambda model, task: model["name"] == "gru"))
    after = [(fingerprint(job, {}), digest(tree(job))) for job in jobs]
    assert after[0] == before[0]
    assert after[1][0] != before[1][0] and after[1][1] != before[1][1]
    assert "numerics" not in tree(jobs[0]) and tree(jobs[1])["numerics"] == 2


def test_two_changes_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numerics, "CHANGES", (lambda model, task: True, lambda model, task: True))
    assert numerics.numerics({}, {}) == 3


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        (["task=physionet", "model=cfc", "recipe=physionet-cfc"], True),
        (["task=physionet", "model=cfc_nogate", "recipe=physionet-cfc_nogate"], False),
        (["task=physionet", "model=transformer"], True),
        (["task=xor", "model=transformer"], False),
        (["task=walker", "model=cfc", "recipe=walker-cfc", "model.backbone_dropout=0.1"], False),
    ],
)
def test_dropout_is_drawn_for_no_padding(settings: list[str], changed: bool) -> None:
    assert ("numerics" in tree(composed(settings))) == changed
