"""What is noted of many attempts at once: that they begin, and that a server has accepted.

Each mail costs both notes, so they are made into SQL once, and those of one commit travel together. Only
the holder of a lease writes them, and none counts twice where it is written once more over a new
connection: the instant of a note tells which are its own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from uuid import UUID

from django.db import connection

from convoys.models import Message, MessageState, Notification, NotificationState
from convoys.queries.statements import Statement, quoted

# Names of columns come from the models; {keys} is a place for each.
BEGIN = """UPDATE {message} SET {attempts} = {attempts} + 1, {attempt_began_at} = %s, {lease_until} = %s
WHERE {id} IN ({keys}) AND {lease} = %s AND {lease_until} > %s
AND ({attempt_began_at} IS NULL OR {attempt_began_at} <> %s) RETURNING {id}"""
ACCEPTED = """UPDATE {message} SET {state} = %s, {sent_at} = %s, {failure} = '', {next_attempt_at} = NULL,
{lease} = NULL, {lease_until} = NULL, {attempt_began_at} = NULL WHERE {id} IN ({keys}) AND {lease} = %s"""
TOLD = """UPDATE {notification} SET state = %s, settled_at = %s, reason = '' WHERE message_id IN ({keys})
AND EXISTS (SELECT 1 FROM {message} WHERE {id} = {notification}.message_id AND {sent_at} = %s)"""


def beginning(keys: Collection[int], lease: UUID | None, now: datetime, until: datetime) -> Statement:
    """Notes that attempts begin, and renews the lease; finds the keys of those that it has begun."""
    at, holder = _instant(now), _lease(lease)
    values = [at, _instant(until), *keys, holder, at, at]
    return Statement(_made(BEGIN, len(keys)), values)


def acceptance(keys: Collection[int], lease: UUID | None, now: datetime) -> list[Statement]:
    """Notes that a server has accepted these, and that their recipients are told."""
    at, holder = _instant(now), _lease(lease)
    return [
        Statement(_made(ACCEPTED, len(keys)), [MessageState.SENT.value, at, *keys, holder], has_rows=False),
        Statement(_made(TOLD, len(keys)), [NotificationState.SENT.value, at, *keys, at], has_rows=False),
    ]


@cache
def _made(text: str, keys: int) -> str:
    quote = connection.ops.quote_name
    tables = {"message": quote(Message._meta.db_table), "notification": quote(Notification._meta.db_table)}
    columns = {field.attname: quoted(field) for field in Message._meta.concrete_fields}
    return text.format(**columns, **tables, keys=", ".join(["%s"] * keys))


def _instant(at: datetime) -> object:
    return Message._meta.get_field("sent_at").get_db_prep_value(at, connection)


def _lease(lease: UUID | None) -> object:
    return Message._meta.get_field("lease").get_db_prep_value(lease, connection)
