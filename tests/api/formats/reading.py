"""Files read back by other hands than ours: `csv` of the standard library, and openpyxl."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from openpyxl import load_workbook

from tests.api.conftest import Answer, Program

Table = list[dict[str, str]]


def asked(program: Program, path: str, form: str, **more: Any) -> Answer:
    """The answer in a format, which must be a 200."""
    answer = program.ask(f"{path}{'&' if '?' in path else '?'}format={form}", **more)
    assert answer.status == 200, answer.content
    return answer


def table(program: Program, path: str) -> Table:
    """Rows of a table by the names of its columns."""
    return list(csv.DictReader(io.StringIO(asked(program, path, "csv").content.decode(), newline="")))


def sheets(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """Every sheet of a workbook by its name, as rows of values."""
    workbook = load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in workbook.worksheets}


def features(program: Program, path: str) -> Any:
    return json.loads(asked(program, path, "geojson").content)
