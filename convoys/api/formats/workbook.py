"""Tables as workbooks (ISO/IEC 29500, SpreadsheetML), written row by row at constant memory.

Text is always an inline string and nothing is ever a formula: no element of that name is written. The parts
are few, so they are written here: what libraries do with strange text was looked at (docs/decisions/0011).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO, Self
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from convoys.api.formats import workbook_parts as parts
from convoys.api.formats.columns import Cell
from convoys.api.formats.harmless import is_like_a_formula

# Limits of Excel: rows of a sheet, characters of a cell (counted in UTF-16), digits of a number.
MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
LARGEST_NUMBER = 10**15
# A part of a zip file may be larger, but then not every program reads it.
MOST_BYTES = 1 << 30
CUT = " … [cut here: JSON and CSV have all of it]"

# Signs that XML cannot hold are written as `_x001F_`, and so is what looks like that already.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")


class Workbook:
    """A table on one sheet, or on several where one would be too long, and a sheet that says what it is.

    `heads` are the lines above the rows, shown in bold, which stay when one scrolls.
    """

    def __init__(
        self, out: IO[bytes], name: str, heads: Sequence[Sequence[str]], widths: Sequence[int]
    ) -> None:
        self.name, self.heads, self.widths = name, heads, widths
        self.letters = [letters(number) for number in range(max(len(widths), 2))]
        self.zip = ZipFile(out, "w", ZIP_DEFLATED, compresslevel=5)
        self.sheets: list[str] = []
        self.rows = 0
        self.written = 0
        self._begin_sheet()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file, also of one that something stopped half-way."""
        self.part.close()
        self.zip.close()

    def add(self, row: Sequence[Cell]) -> None:
        if self.rows == MOST_ROWS or self.written > MOST_BYTES:
            self._end_sheet()
            self._begin_sheet()
        self._write_row(row)

    def finish(self, about: Iterable[tuple[str, Cell]]) -> None:
        """End the file with what is to be known about it."""
        self._end_sheet()
        self._open("About", parts.sheet_begin([20, 100], frozen=0))
        for row in about:
            self._write_row(row)
        self._write(parts.sheet_end(""))
        self.part.close()
        for path, content in parts.around(self.sheets):
            self.zip.writestr(_entry(path), content)

    def _begin_sheet(self) -> None:
        number = len(self.sheets) + 1
        name = self.name if number == 1 else f"{self.name} {number}"
        self._open(name, parts.sheet_begin(self.widths, frozen=len(self.heads)))
        for head in self.heads:
            self._write_row(head, style=parts.BOLD)

    def _end_sheet(self) -> None:
        last = f"{self.letters[len(self.widths) - 1]}{self.rows}" if self.widths else ""
        self._write(parts.sheet_end(f"A{len(self.heads)}:{last}" if last else ""))
        self.part.close()

    def _open(self, name: str, begin: str) -> None:
        self.sheets.append(name)
        self.part = self.zip.open(_entry(parts.sheet_path(len(self.sheets))), "w")
        self.rows = self.written = 0
        self._write(begin)

    def _write_row(self, row: Sequence[Cell], style: int = parts.PLAIN) -> None:
        self.rows += 1
        number = str(self.rows)
        shown = "".join(
            _cell(letter + number, value, style)
            for letter, value in zip(self.letters, row, strict=False)
            if value is not None
        )
        self._write(f'<row r="{number}">{shown}</row>')

    def _write(self, text: str) -> None:
        self.written += self.part.write(text.encode())


def _entry(path: str) -> ZipInfo:
    """The same time for every file: the same table is the same file."""
    entry = ZipInfo(path, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = ZIP_DEFLATED
    return entry


def letters(number: int) -> str:
    """What spreadsheets call a column: A, B, …, Z, AA."""
    found = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def _cell(where: str, value: str | int | Decimal, style: int) -> str:
    if isinstance(value, bool):
        return f'<c r="{where}" t="b"><v>{int(value)}</v></c>'
    if not isinstance(value, str):
        shown = f"{value:f}" if isinstance(value, Decimal) else str(value)
        if -LARGEST_NUMBER < value < LARGEST_NUMBER:
            return f'<c r="{where}"><v>{shown}</v></c>'
        value = shown
    if style == parts.PLAIN and is_like_a_formula(value):
        style = parts.QUOTED
    return f'<c r="{where}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_xml(value)}</t></is></c>'


def _xml(text: str) -> str:
    if len(text) > MOST_CHARACTERS // 2:
        text = _cut(text)
    return escape(_NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text))


def _cut(text: str) -> str:
    """A text that is too long for a cell, as far as there is room, and a sentence that says so."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * MOST_CHARACTERS:
        return text
    kept = units[: 2 * (MOST_CHARACTERS - len(CUT))]
    return kept.decode("utf-16-le", "ignore") + CUT
