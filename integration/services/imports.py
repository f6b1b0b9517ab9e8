"""Bring what a merchant has into a shop: check all of it, then write it in short transactions."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

import connectors
from connectors.base import Contents, Import, ImportReport, ImportRequest
from connectors.errors import BadFile
from connectors.records import Change, Current, Order, Product, Refund
from integration.services.apply import apply
from integration.services.linking import CatalogueLinks
from integration.storage.database import Database
from integration.storage.shops import Shop
from integration.storage.upsert import table_of

# A webhook waits for at most one batch: some tenth of a second of writing.
BATCH_LINES = 2500

CHECKING = "checking"
IMPORTING = "importing"


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is. stage: "checking" the whole source, then "importing". fraction: of that stage, 0 to 1."""

    stage: str
    fraction: float
    rows: int


Watch = Callable[[ImportProgress], None]


def _nobody(_progress: ImportProgress) -> None:
    """Progress that nobody watches."""


def import_source(
    database: Database,
    shop_id: int,
    platform: str,
    source: str,
    *,
    currency: str = "",
    contents: Contents = Contents.AUTO,
    as_of: datetime | None = None,
    progress: Watch = _nobody,
) -> ImportReport:
    """Check a source to its last row, then bring it into the shop. Doing it again changes nothing.

    currency: of amounts that name none; "" means the shop's. Raises BadFile, and then nothing was written.
    """
    request = ImportRequest(currency or _currency_of(database, shop_id), contents, as_of)
    opened = open_source(platform, source, request, progress=progress)
    return apply_import(database, shop_id, opened, progress=progress)


def open_source(platform: str, source: str, request: ImportRequest, *, progress: Watch = _nobody) -> Import:
    """Check a source to its last row and write nothing. Raises BadFile, or UnknownPlatform."""
    importer = connectors.get(platform).importer
    if importer is None:
        raise BadFile(f"the connector {platform!r} imports nothing")

    def watch(fraction: float, rows: int) -> None:
        progress(ImportProgress(CHECKING, fraction, rows))

    with rare_collections():
        return importer.open(source, replace(request, progress=watch))


def in_order(opened: Iterable[Import]) -> list[Import]:
    """The sources, those with products before those with orders, which find them in the catalogue then."""
    return sorted(opened, key=lambda each: each.contents is not Contents.PRODUCTS)


def apply_import(database: Database, shop_id: int, opened: Import, *, progress: Watch = _nobody) -> ImportReport:
    """Write what an opened source says, a short transaction at a time."""
    with database.read() as connection:
        links = CatalogueLinks(connection, shop_id)
    with rare_collections():
        for batch in batches(links.linked(opened.changes())):
            with database.write() as connection:
                apply(connection, shop_id, batch)
            progress(ImportProgress(IMPORTING, opened.report.read / max(opened.rows, 1), opened.report.read))
    progress(ImportProgress(IMPORTING, 1.0, opened.report.read))
    return opened.report


def batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """The changes in lists of which none writes more than some thousand rows."""
    batch: list[Change] = []
    weight = 0
    for change in changes:
        batch.append(change)
        weight += _weight(change)
        if weight >= BATCH_LINES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


@contextmanager
def rare_collections() -> Iterator[None]:
    """An import makes millions of short-lived records without cycles: looking for some takes a third of its time."""
    before = gc.get_threshold()
    gc.set_threshold(100 * before[0], *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _weight(change: Change) -> int:
    record = change.record if isinstance(change, Current) else None
    if isinstance(record, Order | Refund):
        return 1 + len(record.lines)
    return 1 + len(record.variants) if isinstance(record, Product) else 1


def _currency_of(database: Database, shop_id: int) -> str:
    table = table_of(Shop)
    with database.read() as connection:
        return str(connection.execute(select(table.c.currency).where(table.c.id == shop_id)).scalar_one())
