"""Instants come from PostgreSQL as Django's own backend reads them, whatever reads them faster."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django.db import DataError, connection
from django.db.backends.postgresql.psycopg_any import register_tzloader

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

INSTANTS = [
    "2026-03-02 08:00:00+00", "2026-03-02 08:00:00.5+00", "2026-03-02 08:00:00.000001+00",
    "2026-03-02 12:00:00.25+04", "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00",
    "2024-02-29 23:59:60+00",
]  # fmt: skip


def read(instant, *settings, as_django_does=False):
    with connection.cursor() as cursor:
        for setting in settings:
            cursor.execute(setting)
        if as_django_does:
            register_tzloader(UTC, cursor.cursor)
        cursor.execute("SELECT %s::timestamptz", [instant])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("instant", INSTANTS)
def test_an_instant_is_the_same_and_in_utc(instant):
    found = read(instant)
    assert found == read(instant, as_django_does=True)
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("style", ["SQL, DMY", "German", "Postgres, MDY"])
def test_another_way_of_writing_dates_is_left_to_the_driver(style):
    setting = f"SET LOCAL DateStyle TO '{style}'"
    outcomes = []
    for as_django_does in (False, True):
        try:
            outcomes.append(read("2026-03-04 08:00:00+00", setting, as_django_does=as_django_does))
        except NotImplementedError as refused:
            outcomes.append(type(refused))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("instant", ["infinity", "0044-03-15 00:00:00+00 BC"])
def test_what_python_cannot_hold_is_refused_as_before(instant):
    with pytest.raises(DataError):
        read(instant)


def test_a_session_in_another_zone_is_left_to_the_driver():
    setting = "SET LOCAL TIME ZONE 'Asia/Yerevan'"
    found = read("2026-03-02 08:00:00+00", setting)
    assert found == read("2026-03-02 08:00:00+00", setting, as_django_does=True)
