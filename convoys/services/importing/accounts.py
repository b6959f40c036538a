"""Lines of `claims.csv` as accounts: what one speaker says in one document."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from convoys.services.changes import Account, When
from convoys.services.importing import cells
from convoys.services.importing.tables import Row
from convoys.vocabulary import Audience


def account_of(row: Row, places: Mapping[str, Row], zone: ZoneInfo) -> Account:
    """One claim as the write path takes it. A place that is no code of the case is kept as words."""
    place = row["alleged_place"]
    is_code = place in places
    return Account(
        speaker=row["speaker"],
        speaker_kind=row["speaker_kind"],
        speaker_person=row["speaker_person"],
        stance=row["stance"],
        statement=row["statement"],
        is_verbatim=cells.yes_or_no(row, "verbatim"),
        publisher=row["publisher"],
        title=row["title"],
        link=row["url"],
        language=row["language"],
        said_on=cells.day(row, "said_on"),
        reported_on=cells.day(row, "reported_on"),
        alleged_holders=cells.codes(row, "alleged_holder"),
        alleged_causes=cells.codes(row, "alleged_cause"),
        alleged_when=When.parse(row["alleged_on"], zone) if row["alleged_on"] else None,
        alleged_place=place if is_code else "",
        alleged_place_words="" if is_code else place,
        alleged_access=row["alleged_access"],
        alleged_order=row["alleged_order"],
        alleged_trucks=cells.whole(row, "alleged_trucks"),
        alleged_tonnes_low=cells.decimal(row, "alleged_tonnes_low"),
        alleged_tonnes_high=cells.decimal(row, "alleged_tonnes_high"),
        audience=Audience.PARTNERS,
    )


def staff_note(row: Row, organisations: Mapping[str, Row]) -> str:
    """The compiler's remark on a claim, with whose account it is about; "" where there is none."""
    if not row["note"]:
        return ""

    def name(code: str) -> str:
        return organisations[code]["name"] if code in organisations else code

    speaker = ", ".join(filter(None, (name(row["speaker"]), row["speaker_person"])))
    source = name(row["publisher"]) or row["title"]
    whose = f"{speaker} ({source})" if source else speaker
    return f"Account of {whose}: {row['note']}"
