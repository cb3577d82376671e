"""Pictures of ``ink`` as PDF, their text as text, with the letters that it needs inside, as journals ask for."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from ltcbench.reporting.ink import SVG

INCH = 96  # pixels
POINT = 72 / INCH  # of a pixel


def converted(root: ET.Element) -> bytes:
    """The PDF file of a picture, the same bytes for the same picture."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    width, height = (float(root.attrib[key]) for key in ("width", "height"))
    file = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42, "font.family": "DejaVu Sans"}):
        page = Figure(figsize=(width / INCH, height / INCH))
        FigureCanvasPdf(page)
        axes = page.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        for order, (element, x, y) in enumerate(_placed(root, 0.0, 0.0)):
            _draw(axes, element, x, y, order)
        page.savefig(file, format="pdf", metadata={"CreationDate": None})
    return file.getvalue()


def _placed(element: ET.Element, x: float, y: float) -> Iterator[tuple[ET.Element, float, float]]:
    """What is drawn, in order, and where the picture begins that it stands in."""
    for child in element:
        if child.tag == f"{{{SVG}}}svg":
            yield from _placed(child, x + float(child.get("x", 0)), y + float(child.get("y", 0)))
        else:
            yield child, x, y


def _draw(axes: Any, element: ET.Element, x: float, y: float, order: int) -> None:
    from matplotlib.patches import Circle, PathPatch, Rectangle

    def number(key: str, other: float = 0.0) -> float:
        return float(element.get(key, other))

    name = element.tag.removeprefix(f"{{{SVG}}}")
    if name == "text":
        side = {"start": "left", "middle": "center", "end": "right"}[element.get("text-anchor", "start")]
        size = float(element.get("font-size", "11px").removesuffix("px")) * POINT
        axes.text(x + number("x"), y + number("y"), element.text, size=size * 0.92, ha=side, va="baseline",
                  color=element.get("fill", "#000"), zorder=order, parse_math=False)  # fmt: skip
        return
    inks = _inks(element, order)
    if name == "path":
        axes.add_patch(PathPatch(_path(element.attrib["d"], x, y), **inks))
    elif name == "rect":
        corner = (x + number("x"), y + number("y"))
        axes.add_patch(Rectangle(corner, number("width"), number("height"), **inks))
    elif name == "circle":
        axes.add_patch(Circle((x + number("cx"), y + number("cy")), number("r"), **inks))
    elif name != "title":
        raise ValueError(f"<{name}> has no form in PDF")


def _inks(element: ET.Element, order: int) -> dict[str, Any]:
    opacity = float(element.get("opacity", 1))

    def colour(key: str, other: str) -> Any:
        value = element.get(key, other)
        return value if value == "none" else (value, opacity * float(element.get(f"{key}-opacity", 1)))

    inks = {"facecolor": colour("fill", "#000"), "edgecolor": colour("stroke", "none"), "zorder": order}
    dashes = element.get("stroke-dasharray")
    style = (0, tuple(float(part) * POINT for part in dashes.split())) if dashes else "-"
    return inks | {"linewidth": float(element.get("stroke-width", 1)) * POINT, "linestyle": style, "capstyle": "butt"}


def _path(d: str, x: float, y: float) -> Any:
    """The commands M, L, H, V, Z and l; a pair of numbers after L or M without a letter is another L."""
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[int] = []
    here = start = (x, y)
    for letter, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", d):
        values = [float(value) for value in re.findall(r"-?[\d.]+", numbers)]
        for i in range(0, max(len(values), 1), 1 if letter in "HVhvZz" else 2):
            if letter in "Zz":
                points.append(start)
                codes.append(int(Path.CLOSEPOLY))
                continue
            a = values[i]
            b = values[i + 1] if letter in "MLl" else 0.0
            places = {"M": (x + a, y + b), "L": (x + a, y + b), "l": (here[0] + a, here[1] + b),
                      "H": (x + a, here[1]), "V": (here[0], y + a), "v": (here[0], here[1] + a),
                      "h": (here[0] + a, here[1])}  # fmt: skip
            here = places[letter]
            points.append(here)
            begins = letter == "M" and i == 0
            codes.append(int(Path.MOVETO if begins else Path.LINETO))
            start = here if begins else start
    return Path(points, codes)
