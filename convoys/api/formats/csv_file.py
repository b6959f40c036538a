"""Tables as comma-separated values: RFC 4180, UTF-8 without a byte order mark, lines ended by CRLF.

Empty is unknown, numbers are plain, yes and no are `true` and `false`. Text that a spreadsheet might run is
marked (`harmless`). No byte order mark: R, the shell and many a program take it for a part of the first name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from convoys.api.formats.columns import Cell
from convoys.api.formats.harmless import harmless


def lines(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Each row as a line."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_shown(cell) for cell in row])
        yield held.getvalue().encode()
        held.seek(0)
        held.truncate()


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return harmless(cell) if isinstance(cell, str) else str(cell)
