"""Plain checks of what a door hands in: texts, figures, times and codes, before anything is locked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.db.models import TextChoices

from convoys.errors import InvalidInput

SHORT, LONG = 300, 10_000
LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"
MOST_TRUCKS = 10_000
MOST_TONNES = Decimal(1_000_000)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
# A partner's clock may run a little ahead of ours; nothing else may be reported before it happens.
CLOCK_SKEW = timedelta(minutes=5)
THOUSANDTH = Decimal("0.001")


def text(field: str, value: object, limit: int = SHORT, required: bool = False) -> str:
    """A text without control characters, at most `limit` long, trimmed. Raises InvalidInput.

    A short one is one line: it stands in subjects, headings and rows of plain-text mails.
    """
    if not isinstance(value, str):
        raise InvalidInput({field: "This must be a text."})
    value = value.strip()
    if len(value) > limit:
        raise InvalidInput({field: f"This text has {len(value):,} characters; {limit:,} is the most."})
    if limit <= SHORT and any(sign in LINE_ENDS for sign in value):
        raise InvalidInput({field: "This text is one line: take the line breaks out."})
    if any((ord(sign) < 32 and sign not in "\n\r\t") or 127 <= ord(sign) < 160 for sign in value):
        raise InvalidInput({field: "This text holds control characters that cannot be stored. Type it anew."})
    if any(0xD800 <= ord(sign) <= 0xDFFF for sign in value):
        raise InvalidInput({field: "This text holds half a character that cannot be stored. Type it anew."})
    if required and not value:
        raise InvalidInput({field: "This is needed."})
    return value


def choice(field: str, value: Any, choices: type[TextChoices], required: bool = False) -> str:
    """A code of a closed list, or the empty string. Raises InvalidInput."""
    if not value and not required:
        return ""
    codes = _codes(choices)
    if value not in codes:
        raise InvalidInput({field: f"Choose one of: {', '.join(codes)}."})
    return str(value)


@cache
def _codes(choices: type[TextChoices]) -> tuple[str, ...]:
    return tuple(choices.values)


def count(field: str, value: Any) -> int | None:
    """A whole number of trucks. Raises InvalidInput."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_TRUCKS:
        raise InvalidInput({field: f"Give a whole number from 0 to {MOST_TRUCKS:,}."})
    return value


def decimal(field: str, value: Any, most: Decimal = MOST_TONNES) -> Decimal | None:
    """A figure from 0 to `most` with at most three decimals. Raises InvalidInput."""
    if value is None:
        return None
    try:
        number = Decimal(str(value))
        if not number.is_finite() or not 0 <= number <= most or number != number.quantize(THOUSANDTH):
            raise InvalidOperation
    except InvalidOperation:
        raise InvalidInput(
            {field: f"Give a figure from 0 to {most:,} with at most three decimals."}
        ) from None
    return number.quantize(THOUSANDTH)


def tonnage(low: Any, high: Any, prefix: str = "") -> tuple[Decimal | None, Decimal | None]:
    """Low and high in tonnes: both unknown, "at least", exact or a range. Raises InvalidInput."""
    least, most = decimal(f"{prefix}tonnes_low", low), decimal(f"{prefix}tonnes_high", high)
    if least is None and most is not None:
        raise InvalidInput(
            {f"{prefix}tonnes_low": "Give the lowest figure too; “at most” alone says nothing."}
        )
    if least is not None and most is not None and most < least:
        raise InvalidInput({f"{prefix}tonnes_high": "The highest figure is below the lowest."})
    return least, most


def happened(field: str, at: object, now: datetime) -> datetime:
    """An aware instant between 1990 and now. Raises InvalidInput."""
    if not isinstance(at, datetime):
        raise InvalidInput({field: "Give a date or a date and time."})
    if at.tzinfo is None or at.utcoffset() is None:
        raise InvalidInput({field: "This time has no time zone. Say in which zone it was read."})
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        raise InvalidInput({field: "This date is out of range."}) from None
    if at > now + CLOCK_SKEW:
        raise InvalidInput(
            {field: "This lies in the future. Record what has happened; plans go in the declaration."}
        )
    if at < EARLIEST:
        raise InvalidInput({field: "This lies before 1990. Check the year."})
    return at


def planned(field: str, at: object) -> datetime:
    """An aware instant that may lie ahead, within ten years. Raises InvalidInput."""
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise InvalidInput({field: "Give a date and time with its zone."})
    if not EARLIEST <= at <= datetime.now(UTC) + timedelta(days=3653):
        raise InvalidInput({field: "This date is out of range."})
    return at.astimezone(UTC)


def day(field: str, value: Any, now: datetime) -> date | None:
    """A day that has begun somewhere on earth. Raises InvalidInput."""
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidInput({field: "Give a date."})
    if not EARLIEST.date() <= value <= (now + timedelta(hours=14)).date():
        raise InvalidInput({field: "This day is out of range: it lies before 1990 or in the future."})
    return value


def link(field: str, value: Any) -> str:
    """A web address, http or https only. Raises InvalidInput."""
    address = text(field, value, limit=2000)
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fine = False
    if not fine or any(sign.isspace() for sign in address):
        raise InvalidInput({field: "Give a web address that begins with http:// or https://."})
    return address
