"""HTML: elements, tables, and a page that needs no network and no file besides it."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

ASSETS = Path(__file__).parent
VOID = ("input", "meta")  # elements without an end


def tag(name: str, /, *content: str, **attributes: object) -> str:
    """An element.

    Args:
        name: of the element.
        content: HTML; pass text through ``html.escape``.
        attributes: their values are escaped here; None leaves one out, True gives it no value. ``class_`` stands for
            ``class``, ``data_value`` for ``data-value``.
    """
    given = ""
    for key, value in attributes.items():
        if value is not None and value is not False:
            written = "" if value is True else f'="{escape(str(value))}"'
            given += f" {key.rstrip('_').replace('_', '-')}{written}"
    return f"<{name}{given}>" if name in VOID else f"<{name}{given}>{''.join(content)}</{name}>"


def table(caption: str, head: Sequence[str], lines: Sequence[str], above: str = "", kind: str | None = None) -> str:
    """A table that scrolls sideways where it does not fit.

    Args:
        caption: what it is, text.
        head: its ``th`` elements.
        lines: its ``tr`` elements.
        above: a ``tr`` above the head.
        kind: class.
    """
    heads = above + tag("tr", *head)
    inner = tag("caption", escape(caption)), tag("thead", heads), tag("tbody", *lines)
    return tag("div", tag("table", *inner, class_=kind), class_="scroll", role="region", tabindex=0, aria_label=caption)


def heads(*names: str, kind: str | None = None) -> list[str]:
    """The ``th`` elements of columns."""
    return [tag("th", escape(name), scope="col", class_=kind) for name in names]


def details(summary: str, *content: str, kind: str | None = None) -> str:
    """Content that opens at a click."""
    return tag("details", tag("summary", escape(summary)), *content, class_=kind)


def fold(level: str, title: str, said: str, *content: str) -> str:
    """A section of which only the heading is seen until it is opened.

    Args:
        level: of the heading, ``h2`` or ``h3``.
        title: the heading, text.
        said: why it is closed, text.
        content: HTML.
    """
    line = tag("summary", tag(level, escape(title)), tag("span", escape(said)))
    return tag("details", line, *content, class_="fold")


def figure(picture: str, caption: str, kind: str | None = None) -> str:
    """A picture and what it shows; nothing without a picture."""
    return tag("figure", tag("div", picture), tag("figcaption", escape(caption)), class_=kind) if picture else ""


def page(title: str, body: str) -> str:
    """A whole page."""
    charts, style, script = (
        (ASSETS / name).read_text(encoding="utf-8") for name in ("charts.css", "page.css", "page.js")
    )
    head = (
        tag("meta", charset="utf-8"),
        tag("title", escape(title)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("style", charts, style),
    )
    return f"<!doctype html>\n{tag('html', tag('head', *head), tag('body', body, tag('script', script)), lang='en')}\n"
