"""The pages of the site that are made of what they describe."""

import re

import pytest
import site_pages
import site_prose
import site_settings

from ltcbench import cli, models, tasks
from ltcbench.commands import completion
from ltcbench.data import cards
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return site_pages.written()


def test_a_page_names_every_flag_of_its_command(pages: dict[str, str]) -> None:
    for verb in cli.COMMANDS:
        text = pages[f"reference/commands/{verb}.md"]
        assert text.startswith(f"# ltcbench {verb}\n")
        if verb != "show":
            actions = (action for action in completion._actions(completion.parser(verb)) if action.dest != "help")
            flags = [flag for action in actions for flag in action.option_strings if flag.startswith("--")]
            assert [flag for flag in flags if flag not in text] == []


def test_commands_within_a_command_have_their_arguments(pages: dict[str, str]) -> None:
    part = pages["reference/commands/data.md"].partition("## ltcbench data fetch")[2].partition("\n## ")[0]
    assert "| `--mirror MIRROR` | a folder or URL laid out &#60;mirror&#62;/&#60;dataset&#62;/&#60;file&#62; |" in part
    assert "| `TASK` |" in part


def test_a_table_of_all_commands_leads_to_their_pages(pages: dict[str, str]) -> None:
    found = re.findall(r"^\| \[`(\w+)`\]\((\w+)\.md\) \|", pages["reference/commands/index.md"], flags=re.MULTILINE)
    assert found == [(verb, verb) for verb in cli.COMMANDS]


def test_every_group_has_a_page(pages: dict[str, str]) -> None:
    folders = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    assert folders - {"table", "claim"} == set(site_settings.GROUPS)  # those two are the papers' numbers
    assert all(f"reference/settings/{group}.md" in pages for group in site_settings.GROUPS)


def test_every_key_is_on_the_page_of_its_group_with_its_comment(pages: dict[str, str]) -> None:
    lines = 0
    for file in (ROOT / "conf").rglob("*.yaml"):
        group = file.parent.name
        if group in ("table", "claim"):
            continue
        text = pages[f"reference/settings/{'index' if group == 'conf' else group}.md"]
        settings = file.read_text().partition("\nhydra:")[0]
        for key, value, note in re.findall(r"^ *([\w.]+): *([^#\n]*)(?:# (.*))?$", settings, flags=re.MULTILINE):
            if key in ("name", "defaults") or not (value or note):
                continue
            told = f"| {site_prose.code(value.strip())} | {site_prose.escaped(note)} |"
            assert re.search(rf"^\| `([\w.]+\.)?{re.escape(key)}` {re.escape(told)}$", text, flags=re.MULTILINE), (
                file,
                key,
            )
            lines += 1
    assert lines > 800


def test_a_setting_says_value_and_comment(pages: dict[str, str]) -> None:
    text = pages["reference/settings/task.md"]
    assert '| `task.separator` | `","` | between two cells: one character, or comma &#124; semicolon' in text
    assert "| `trainer.class_weights` | `[1.0, 8.0]` |  |" in text
    assert "## physionet\n\nDeath in hospital" in text
    assert "Otherwise as [ltc_euler](#ltc_euler)." in pages["reference/settings/model.md"]
    assert "Otherwise as [har-ltc](#har-ltc)." in pages["reference/settings/recipe.md"]


@pytest.mark.parametrize("name", cards.names())
def test_a_card_leads_to_its_tasks_and_shows_its_checksums(name: str, pages: dict[str, str]) -> None:
    card, text = cards.load(name), pages[f"datasets/{name}.md"]
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "protocols.md").read_text(), flags=re.MULTILINE)
    assert set(card.tasks) <= set(headings)
    for source in card.sources:
        assert all(sum_ in text for file in card.payloads(source) for sum_ in file.sha256)


def test_the_python_page_has_every_public_name() -> None:
    text = (ROOT / "docs" / "reference" / "python.md").read_text()
    told = set(re.findall(r"ltcbench(?:\.\w+)*", text))
    constants = {"MODELS", "TASKS", "State", "Drive"}
    wanted = {f"ltcbench.{name}" for name in ("load", "results")}
    wanted |= {f"ltcbench.models.{name}" for name in set(models.__all__) - constants}
    wanted |= {f"ltcbench.tasks.{name}" for name in set(tasks.__all__) - constants}
    assert wanted <= told


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a <b> | c_d", "a &#60;b&#62; &#124; c&#95;d"),
        ("``a | <b>`` and [c]", "``a | <b>`` and &#91;c&#93;"),
        ("2 * 3", "2 &#42; 3"),
    ],
)
def test_text_without_a_meaning_to_markdown(text: str, markdown: str) -> None:
    assert site_prose.escaped(text) == markdown


def test_code_with_marks_in_it() -> None:
    assert site_prose.code("a`b") == "``a`b``"
    assert site_prose.code("") == ""
