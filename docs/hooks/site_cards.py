"""The page of each dataset, from its card."""

from collections.abc import Iterator

from site_prose import code, escaped, table

from ltcbench.data import cards
from ltcbench.data.cards import Card, Payload

FOLDER = "datasets"


def pages() -> dict[str, str]:
    """A page for each card."""
    return {f"{FOLDER}/{name}.md": page(cards.load(name)) for name in cards.names()}


def page(card: Card) -> str:
    """What a dataset is, whose it is, and by what its files are known."""
    facts = {
        "Content": escaped(card.rows),
        "Tasks": ", ".join(f"[{task}](../protocols.md#{task})" for task in card.tasks),
        "Licence": escaped(card.licence),
        "Citation": escaped(card.citation),
        "Homepage": f"<{card.homepage}>",
        "Note": escaped(card.note),
    }
    head = [
        f"# {card.name}",
        escaped(card.title),
        "\n".join(f"- **{name}**: {text}" for name, text in facts.items() if text),
    ]
    return "\n\n".join([*head, *(block for source in card.sources for block in _source(card, source))]) + "\n"


def _source(card: Card, source: str) -> Iterator[str]:
    yield f"## {source}, {card.size(source) / 1e6:.1f} MB"
    for download in card.downloads(source):
        yield "\n".join(
            f"- {f'<{place}>' if download.urls else code(place)}" for place in download.urls or download.names
        )
        yield table(("file", "size", "SHA-256"), map(_row, download.payloads))


def _row(file: Payload) -> tuple[str, str, str]:
    count = f", {file.count:,} files" if file.count > 1 else ""
    return code(file.name), f"{file.size:,} bytes{count}", " ".join(map(code, file.sha256 or filter(None, [file.seen])))
