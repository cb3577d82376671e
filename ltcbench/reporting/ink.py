"""Pictures whose every element says its own colours, for programs that know no style sheets.

A small part of CSS, as ``charts.css`` uses it: ``.chart``, an element, classes, and light colours by name.
"""

import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

from ltcbench.reporting import markup

SVG = "http://www.w3.org/2000/svg"
INKS = ("fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-size")
FONT = "Helvetica, Arial, sans-serif"

ET.register_namespace("", SVG)


@cache
def _rules() -> tuple[tuple[str, frozenset[str], dict[str, str]], ...]:
    """Element ("" for any), classes and properties of every rule, the weaker ones first."""
    css = (Path(markup.ASSETS) / "charts.css").read_text(encoding="utf-8")
    light = css[: css.index("@media")]
    names = dict(re.findall(r"--(\w+): (#[0-9a-f]+);", light))
    found = []
    for selector, body in re.findall(r"^\.chart ?([\w.-]*) \{([^}]*)\}", css, flags=re.MULTILINE):
        element, *classes = selector.split(".")
        given = dict(re.findall(r"([\w-]+): ([^;]+);", body))
        inks = {key: re.sub(r"var\(--(\w+)\)", lambda name: names[name[1]], given[key]) for key in INKS if key in given}
        found.append((element, frozenset(classes), inks))
    return tuple(sorted(found, key=lambda rule: (len(rule[1]), bool(rule[0]))))


def plain(svg: str) -> ET.Element:
    """The picture of an SVG text as ``charts.figure`` makes it, its colours written out, on white."""
    root = ET.fromstring(svg.replace("<svg ", f'<svg xmlns="{SVG}" ', 1))
    for element in root.iter():
        name, classes = element.tag.removeprefix(f"{{{SVG}}}"), set(element.attrib.pop("class", "").split())
        if name in ("svg", "title"):
            continue
        for wanted, its, inks in _rules():
            if wanted in ("", name) and its <= classes:
                element.attrib |= inks
        for key in ("fill", "stroke"):
            if len(colour := element.get(key, "")) == 9:  # #rrggbbaa
                element.attrib |= {key: colour[:7], f"{key}-opacity": f"{int(colour[7:], 16) / 255:.2f}"}
    root.insert(0, ET.Element(f"{{{SVG}}}rect", width=root.attrib["width"], height=root.attrib["height"], fill="#fff"))
    root.set("font-family", FONT)
    return root


def text(root: ET.Element) -> bytes:
    """The file of a picture."""
    return ET.tostring(root, encoding="unicode").encode() + b"\n"
