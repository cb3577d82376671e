"""``ltcbench experiment NAME [protocol=paper|clean] [quirks.NAME=true|false] [key=value ...]``: a claim, computed.

ltcbench list experiments names them, ltcbench show experiment=NAME says what can be set. The same command goes on with
an experiment that broke off.
"""

import argparse
import os

from ltcbench import values
from ltcbench.terminal import Parser
from ltcbench.values import Range


def main(arguments: list[str]) -> int:
    """Compute what is not there yet, print the table, and say where the draws and the picture are."""
    parser = Parser("ltcbench experiment", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", metavar="NAME", help="ltcbench list experiments")
    parser.add_argument("overrides", metavar="key=value", nargs="*", help="e.g. protocol=clean draws=4")
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=cores, metavar="N", help=f"draws side by side (default: {cores})")
    parser.add_argument("--recording", metavar="FILE", help="of tightness: figure_1_data.mat, as recording=FILE")
    parser.add_argument("--publish", action="store_true", help="put result and picture into runs/published")
    options = parser.parse_intermixed_args(arguments)
    jobs = values.checked("--jobs", options.jobs, int, Range(1, 1024))

    from ltcbench.experiments.asked import asked
    from ltcbench.settings.composition import quoted

    recording = [] if options.recording is None else [f"recording={quoted(options.recording)}"]
    protocol, settings = asked(options.experiment, [*options.overrides, *recording])

    from ltcbench.experiments import exhibits
    from ltcbench.experiments.conduct import conduct
    from ltcbench.experiments.folder import PICTURE
    from ltcbench.reporting import formats

    result, folder = conduct(options.experiment, protocol, settings, jobs)
    print(formats.term_of(folder.its.layout(result)))
    print(folder.path / PICTURE)
    if options.publish:
        print(exhibits.publish(folder, result))
    return 0
