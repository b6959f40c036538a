"""Holds that are due and people to tell, on a database of their own: what the alert measures work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString
from unittest.mock import patch

import psycopg
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from psycopg import sql

from accounts.models import User
from accounts.roles import Role
from benchmarks import lives
from benchmarks.generator import fill
from convoys.models import Convoy, ConvoyOrganisation, Part, Subscription

OWED = (
    "convoys_notification", "convoys_alert", "convoys_message", "convoys_maillink",
    "convoys_maillink_subscriptions", "convoys_subscription", "convoys_alertresponse",
    "convoys_webhookattempt",
)  # fmt: skip
LANGUAGES, ZONES = ("en", "en", "fr"), ("", "Asia/Yerevan", "Europe/Paris")


@contextmanager
def database_of_its_own() -> Iterator[None]:
    """Beside the benchmark's: a million convoys of no contents would be in the way there."""
    was = connection.settings_dict["NAME"]
    name = sql.Identifier(f"{was}_alerts")
    keys = ("host", "port", "user", "password")
    address: dict[str, Any] = {key: connection.settings_dict[key.upper()] or None for key in keys}

    def on_server(statement: LiteralString) -> None:
        with psycopg.connect(dbname=was, autocommit=True, **address) as server:
            server.execute(sql.SQL(statement).format(name))

    connection.close()
    on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    on_server("CREATE DATABASE {}")
    connection.settings_dict["NAME"] = f"{was}_alerts"
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = was
        on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)")


def make_holds(holds: int, seed: int) -> None:
    """So many convoys that are held, each with eight events and their claims.

    For each a reader, a quarter of them staff, the others partners of the convoy's first sponsor; and
    as many more members of staff.
    """
    held = lives.UNDER_WAY[:1]
    with patch.multiple(lives, ENDED=held, UNDER_WAY=held):
        fill(holds, seed)
    sponsored = ConvoyOrganisation.objects.filter(part=Part.SPONSOR).order_by("-position")
    sponsors = dict(sponsored.values_list("convoy", "organisation"))
    convoys = enumerate(Convoy.objects.order_by("pk").values_list("pk", flat=True))
    people = [
        _person("reader", number, None if number % 4 == 0 else sponsors[convoy]) for number, convoy in convoys
    ]
    people += [_person("staff", number, None) for number in range(holds)]
    User.objects.bulk_create(people)
    viewers = Group.objects.get_or_create(name=Role.VIEWER.group_name)[0]
    viewers.user_set.add(*[person for person in people if person.is_staff])


def _person(kind: str, number: int, organisation: str | None) -> User:
    name = f"{kind}-{number:05d}"
    return User(
        username=name, email=f"{name}@example.org", is_staff=organisation is None,
        organisation_id=organisation, language=LANGUAGES[number % 3], time_zone=ZONES[number % 3],
    )  # fmt: skip


def make_due(holds: int) -> None:
    """Nothing is owed, nobody subscribed, and the first step of so many holds is due."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(OWED)}")
        cursor.execute(
            "UPDATE convoys_deadline SET state = 'open', last_step = 0, asked_chain = NULL, tell = '',"
            " tell_at = NULL, clock_from = now() - interval '25 hours',"
            " known_at = now() - interval '25 hours', confirmed_at = now() - interval '1 hour',"
            " step_at = NULL, ask_at = NULL, next_at = NULL"
        )
        cursor.execute(
            "UPDATE convoys_deadline SET step_at = clock_from + interval '1 day',"
            " next_at = clock_from + interval '1 day'"
            " WHERE id IN (SELECT id FROM convoys_deadline WHERE watch = 'held' ORDER BY convoy_id LIMIT %s)",
            [holds],
        )
        cursor.execute("VACUUM ANALYZE convoys_deadline")


def subscribe_staff(people: int) -> None:
    """So many members of staff wish to be told of everything."""
    now = timezone.now()
    Subscription.objects.bulk_create(
        Subscription(user=person, created_at=now) for person in _people("staff")[:people]
    )


def subscribe_each(holds: int, people: int) -> None:
    """Each hold has so many people of its own: its reader, or of several, members of staff."""
    now = timezone.now()
    convoys = list(Convoy.objects.filter(deadlines__watch="held").order_by("pk")[:holds])
    readers = _people("reader" if people == 1 else "staff")
    Subscription.objects.bulk_create(
        Subscription(user=readers[number * people + place], convoy=convoy, created_at=now)
        for number, convoy in enumerate(convoys)
        for place in range(people)
    )


def _people(kind: str) -> list[User]:
    return list(User.objects.filter(username__startswith=f"{kind}-").order_by("username"))


def make_convoys_wait(convoys: int) -> None:
    """Up to so many convoys in all, each with a clock whose next step is a day off: nothing is due."""
    with connection.cursor() as cursor:
        names = [
            field.column for field in Convoy._meta.concrete_fields if field.column not in ("id", "reference")
        ]
        copied = ", ".join(f'"{name}"' for name in names)
        cursor.execute("UPDATE convoys_deadline SET next_at = now() + interval '1 day'")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"WITH one AS (SELECT {copied} FROM convoys_convoy ORDER BY id LIMIT 1),"  # noqa: S608
            " many AS (SELECT generate_series((SELECT max(id) + 1 FROM convoys_convoy), %s) AS id)"
            f" INSERT INTO convoys_convoy (id, reference, {copied})"
            f" SELECT many.id, 'W-' || many.id, {copied} FROM one, many",
            [convoys],
        )
        cursor.execute(
            "INSERT INTO convoys_deadline (convoy_id, watch, opening_chain, episode, state, backfilled,"
            " clock_from, known_at, last_step, confirmed_at, confirming_chain, step_at, tell, next_at)"
            " SELECT id, 'held', id + 1e9, id + 1e9, 'open', false, now(), now(), 0, now(), id + 1e9,"
            " now() + interval '1 day', '', now() + interval '1 day' FROM convoys_convoy"
            " WHERE reference LIKE 'W-%%' AND NOT EXISTS"
            " (SELECT FROM convoys_deadline WHERE convoy_id = convoys_convoy.id)"
        )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE convoys_convoy, convoys_deadline")
