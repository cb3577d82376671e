"""Bringing files in: from a mirror, the official URLs or by hand, checked on the way."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ltcbench.data import mirrors, record
from ltcbench.data.archives import most, unpack
from ltcbench.data.cards import Card, Download, Payload, file_name
from ltcbench.data.checks import Damaged, check
from ltcbench.data.mirrors import Offer, Unavailable
from ltcbench.data.record import Record
from ltcbench.errors import UserError

if TYPE_CHECKING:
    from ltcbench.data.download import Client


@dataclass(frozen=True)
class Order:
    """What is to be brought where: one source of a dataset into its raw folder, and the mirror to ask first."""

    card: Card
    source: str
    folder: Path
    mirror: str | None


def bring(order: Order, download: Download, missing: Sequence[Payload], client: "Client") -> Record:
    """Put the missing payloads of a download in place: from the mirror, else from the official URLs in turn.

    Returns:
        The entries of the files put in place.

    Raises:
        UserError: the mirror's files are damaged, or nobody gave the right files.
        OSError: reading or writing failed.
    """
    failures: dict[str, list[str]] = {}  # reason -> places
    for offer in mirrors.offers(order.mirror, order.card.name, download, missing):
        where = str(next(iter(offer.values())))
        try:
            return _take(offer, download, missing, order.folder, client)
        except Unavailable as reason:
            failures.setdefault(str(reason), []).append(_short(where))
        except Damaged as damage:
            if len(offer) > 1:
                where = f"what {order.mirror} has"
            raise UserError(
                f"{where} is not the {order.source} {order.card.name} data: {damage}; "
                "replace it or do without this mirror."
            ) from None
    for url in download.urls:
        offer = {file_name(url): url}
        try:
            return _take(offer, download, missing, order.folder, client)
        except (Unavailable, Damaged) as reason:
            failures.setdefault(str(reason), []).append(_short(url))
    raise UserError(_nobody(order, download, missing, failures, _other(order, client)))


def place(payloads: Sequence[Payload], paths: Sequence[Path], folder: Path, *, partly: bool = False) -> Record:
    """Take payloads out of files, check them, and only then put them in their place.

    Args:
        payloads: what is wanted.
        paths: archives, or the wanted files themselves.
        folder: the raw folder of the source.
        partly: whether some of the payloads are enough.

    Returns:
        The entries of the files put in place.

    Raises:
        Damaged: a file is damaged, or something wanted is in none of them.
        OSError: reading or writing failed.
    """
    staging = folder.parent / f".{folder.name}.unpacking"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        for path in paths:
            unpack(path, payloads, staging)
        found = {payload: payload.files_in(staging) for payload in payloads}
        lacking = [payload.name for payload, files in found.items() if not files]
        if lacking and not (partly and len(lacking) < len(payloads)):
            raise Damaged(f"{lacking[0]} is not in it")
        checked = {payload: check(payload, files) for payload, files in found.items() if files}
        placed: Record = {}
        for payload, digests in checked.items():
            for name, old in payload.files_in(folder).items():
                if name not in digests:
                    old.unlink()
            for name, digest in digests.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                (staging / name).replace(path)
                placed[name] = record.entry(path, digest)
        return placed
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def downloads(folder: Path) -> Path:
    """Where files on their way lie, beside the raw folder of a source."""
    return folder.parent / f".{folder.name}.downloads"


def _take(offer: Offer, download: Download, payloads: Sequence[Payload], folder: Path, client: "Client") -> Record:
    fetched: list[Path] = []
    try:
        paths = []
        for name, where in offer.items():
            if isinstance(where, str):
                where = client.get(where, downloads(folder) / name, most(download.payloads))
                fetched.append(where)
            paths.append(where)
        return place(payloads, paths, folder)
    finally:
        for path in fetched:
            path.unlink()


def _nobody(
    order: Order,
    download: Download,
    missing: Sequence[Payload],
    failures: Mapping[str, Sequence[str]],
    other: str | None,
) -> str:
    """The sentence for files that could be had from nowhere."""
    card, source, mirror = order.card, order.source, order.mirror
    lost = missing[0].name + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
    tried = "; ".join(f"{reason}: {', '.join(places)}" for reason, places in failures.items())
    by_hand = f"`ltcbench data import {card.name} FILE{'' if source == 'official' else f' --source {source}'}`"
    if not download.urls:
        return (
            f"{card.name}: the {source} data ({' or '.join(download.names)}) come from a mirror only, and "
            f"{mirror or 'none'} has them not: name one with LTCBENCH_MIRROR or --mirror, or run {by_hand}."
        )
    if other:
        return (
            f"{card.name}: the mirror {mirror} has only the {other} data, not the official {lost} "
            f"({tried}): take those with task.source={other} (`ltcbench data fetch {card.name} --source {other}`), "
            f"or get {download.urls[0]} by hand and run {by_hand}."
        )
    return (
        f"cannot fetch {card.name}, {lost} ({tried}): download {download.urls[0]} elsewhere and run {by_hand}, "
        f"or put {missing[0].name} into {order.folder}."
    )


def _other(order: Order, client: "Client") -> str | None:
    """Another source that the mirror has."""
    for source, downloads in order.card.sources.items():
        for download in downloads if source != order.source else ():
            for offer in mirrors.offers(order.mirror, order.card.name, download, download.payloads):
                if all(isinstance(where, Path) or client.has(where) for where in offer.values()):
                    return source
    return None


def _short(where: str) -> str:
    """A URL cut to its host and its file name."""
    return f"{urlsplit(where).netloc}/.../{file_name(where)}"
