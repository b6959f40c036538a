"""Organisations of a case, with the names that parties use for them."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import NamingParty, Organisation, OrganisationName, OrganisationType
from convoys.services.importing.tables import Row

NAME_COLUMNS = (
    ("name_hy", NamingParty.ARMENIAN),
    ("name_az", NamingParty.AZERBAIJANI),
    ("name_other", NamingParty.OTHER),
)


def keep_organisations(rows: Iterable[Row]) -> int:
    """Add the organisations that are not there yet; what the desk has edited stays. Returns how many."""
    known = set(Organisation.objects.values_list("code", flat=True))
    fresh = [row for row in rows if row["code"] not in known]
    Organisation.objects.bulk_create(
        Organisation(
            code=row["code"], name=row["name"], type=row["type"], country=row["country"], note=row["note"]
        )
        for row in fresh
    )
    OrganisationName.objects.bulk_create(
        OrganisationName(
            organisation_id=row["code"], name=row[column], party=party, is_verdict=is_verdict(row, party)
        )
        for row in fresh
        for column, party in NAME_COLUMNS
        if row[column]
    )
    return len(fresh)


def is_verdict(row: Row, party: NamingParty) -> bool:
    """Whether a name judges its bearer: what parties call an authority whose status is disputed.

    Type Other without a country is how the files leave such a status open. What others than the
    parties print there is no party's verdict.
    """
    disputed = row["type"] == OrganisationType.OTHER and not row["country"]
    return disputed and party != NamingParty.OTHER
