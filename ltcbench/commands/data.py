"""``ltcbench data``: see, fetch, check and import the raw data of the benchmarks."""

import argparse
import textwrap
from pathlib import Path
from typing import NoReturn

from ltcbench.data import cards
from ltcbench.data.cards import Card
from ltcbench.errors import UserError, unknown

COMPUTED = ("xor", "xor_dense")  # tasks whose data come out of a random generator
VERBS = ("list", "fetch", "verify", "import", "show")


def main(argv: list[str]) -> int:
    """Run ``ltcbench data`` with the arguments after ``data``.

    Returns:
        The exit status: 0, or 1 if ``verify`` found something missing or damaged.

    Raises:
        UserError: wrong arguments, or data that cannot be had or are damaged.
    """
    if argv and not argv[0].startswith("-") and argv[0] not in VERBS:
        raise unknown("data command", argv[0], VERBS)
    args = _parser().parse_args(argv)
    if args.verb == "list":
        return _list()
    dataset = _dataset(args.task)
    if dataset is None:
        print(f"{args.task} is computed: it needs no data.")
        return 0
    if args.verb == "show":
        return _show(cards.load(dataset))
    if args.verb == "fetch":
        return _fetch(dataset, args.source or "official", args.mirror)
    if args.verb == "verify":
        return _verify(cards.load(dataset), args.source)
    return _import(dataset, args.path, args.source or "official")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}: see `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="ltcbench data", description="The raw data of the benchmarks.")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    verbs.add_parser("list", help="all datasets, and which are here")
    add = {
        "fetch": verbs.add_parser("fetch", help="fetch what is missing, from a mirror or the official URLs"),
        "verify": verbs.add_parser("verify", help="read and check every file"),
        "import": verbs.add_parser("import", help="check a file, archive or folder got by hand, and put it in place"),
        "show": verbs.add_parser("show", help="the card: files, checksums, URLs, licence, citation"),
    }
    for verb, sub in add.items():
        sub.add_argument("task", metavar="TASK", help="a dataset, or a task that uses one")
        if verb != "show":
            sub.add_argument("--source", help="official (default), subset or recomputed")
    add["import"].add_argument("path", metavar="PATH", type=Path, help="the file, archive or folder")
    add["fetch"].add_argument("--mirror", help="a folder or URL laid out <mirror>/<dataset>/<file>")
    return parser


def _dataset(name: str) -> str | None:
    """The dataset of that name or of the task of that name; None if the task needs none."""
    of_task = {task: card.name for card in map(cards.load, cards.names()) for task in (card.name, *card.tasks)}
    if name in COMPUTED:
        return None
    if name not in of_task:
        raise unknown("dataset or task", name, [*of_task, *COMPUTED])
    return of_task[name]


def _list() -> int:
    from ltcbench.data import store

    print(f"{'dataset':10} {'size':>9}  {'here':21} {'licence':24} title")
    for card in map(cards.load, cards.names()):
        here = [source for source in card.sources if store.is_ready(card, source)]
        licence = textwrap.shorten(card.licence, 24, placeholder="...")
        size = f"{card.size('official') / 1e6:.1f} MB"
        print(f"{card.name:10} {size:>9}  {', '.join(here) or '-':21} {licence:24} {card.title}")
    return 0


def _show(card: Card) -> int:
    print(f"{card.title} ({card.name})\n{card.homepage}\n")
    for label, text in (
        ("content", card.rows),
        ("tasks", ", ".join(card.tasks)),
        ("licence", card.licence),
        ("citation", card.citation),
        ("note", card.note),
    ):
        print(textwrap.fill(text.strip(), 110, initial_indent=f"{label:10}", subsequent_indent=" " * 10))
    for source, downloads in card.sources.items():
        print(f"\n{source}, {card.size(source) / 1e6:.1f} MB")
        for download in downloads:
            for place in download.urls or download.names:
                print(f"  from {place}")
            for payload in download.payloads:
                count = f", {payload.count} files" if payload.count > 1 else ""
                print(f"    {payload.name}: {payload.size} bytes{count}")
                for kind, checksums in (("SHA-256", payload.sha256), ("seen with", filter(None, [payload.seen]))):
                    for checksum in checksums:
                        print(f"      {kind} {checksum}")
    return 0


def _fetch(dataset: str, source: str, mirror: str | None) -> int:
    from ltcbench.data import store

    data = store.fetch(dataset, source, mirror)
    print(f"{dataset} ({source}): {len(data.files)} files checked, in {store.raw(dataset, source)}")
    return 0


def _verify(card: Card, source: str | None) -> int:
    """Check one source, or else those that are here, the official one if none is."""
    from ltcbench.data import store

    here = [name for name in card.sources if store.raw(card.name, name).is_dir()]
    sources = [source] if source else here or ["official"]
    wrong = False
    for name in sources:
        files = store.verify(card.name, name)
        print(f"{card.name} ({name}), {store.raw(card.name, name)}")
        for file in files:
            wrong |= file.state != "ok"
            print(f"  {file.state:8} {file.name}" + (f": {file.detail}" if file.detail else ""))
    return int(wrong)


def _import(dataset: str, path: Path, source: str) -> int:
    from ltcbench.data import store

    missing = store.bring_in(dataset, path, source)
    print(f"{dataset} ({source}): checked and in place" + (f"; still missing: {', '.join(missing)}" if missing else ""))
    return 0
