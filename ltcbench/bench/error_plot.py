"""Pictures of measurements, as SVG files that can be opened by themselves."""

from collections.abc import Sequence

from ltcbench.bench.measurements import Row
from ltcbench.reporting.charts import apart, axis, frame
from ltcbench.reporting.plots import HEIGHT, name_at, standalone


def error_against_seconds(rows: Sequence[Row], metric: str) -> bytes | None:
    """The test metric of each model's finished runs against the time of an epoch; None without any.

    A rival that computes what our model does has the model's error.
    """
    known = [row for row in rows if row.error is not None]
    if not known:
        return None
    errors = [row.error for row in known if row.error is not None]
    x = axis([row.median for row in known], 62, 480, log=True)
    y = axis(errors, HEIGHT - 34, 34, log=max(errors) > 3 * min(errors) > 0)
    parts, names = frame(x, y, "seconds an epoch", metric), []
    for row, error in zip(known, errors, strict=True):
        kind = "point" if row.ours else "point clean"
        parts.append(f'<circle class="{kind}" cx="{x(row.median)}" cy="{y(error)}" r="4.5"/>')
        names.append((x(row.median) + 8, y(error) + 4, f"{row.model}, {row.who}"))
    parts += [name_at(*place) for place in apart(names)]
    return standalone(620, HEIGHT, f"{known[0].task}: test metric against seconds an epoch", parts)
