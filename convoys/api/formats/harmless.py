"""Text that no spreadsheet takes for a formula.

A file of comma-separated values has no types: what begins like a formula is run by the program that opens it,
with the rights of whoever does. Words of others end up in cells, so they are told apart here.
"""

from __future__ import annotations

import re

# What a formula begins with, in full and half width and in small forms.
_SIGNS = "=+\\-@＝＋－＠﹢﹣﹦﹫"
# What may stand before it unseen: white space, control and format characters, quotation marks.
_UNSEEN = (
    r"\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\"'`´‘’‚“”„«»"
)
# Where a cell may begin for a program that divides at other signs than we do.
_BEGIN = r"^|[,;|\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]"
# Every run is gone over once, whether or not a sign comes after it: twice the text is twice the time.
_RUN = re.compile(f"(?P<before>(?:{_BEGIN})[{_UNSEEN}]*+)(?P<sign>[{_SIGNS}])?")
# Two signs at the very beginning that some programs strip, and then look again.
STRIPPED = ("\t", "\r")
MARK = "'"


def is_like_a_formula(text: str) -> bool:
    """Whether some spreadsheet might run what this text says."""
    return text.startswith(STRIPPED) or any(run["sign"] for run in _RUN.finditer(text))


def harmless(text: str) -> str:
    """The text; with an apostrophe before each part that some spreadsheet might run."""
    marked = _RUN.sub(_marked, text)
    return MARK + marked if marked.startswith(STRIPPED) else marked


def _marked(run: re.Match[str]) -> str:
    return f"{run['before']}{MARK}{run['sign']}" if run["sign"] else run[0]
