"""Notifications with all that a check and a rendering read of them, by the batch.

A statement for each table, whatever the number of notifications; what several of them name is one
object. Columns go past the model's constructor, which costs more than reading them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from accounts.models import Organisation, User
from accounts.roles import read_roles
from convoys.models import (
    Alert,
    ControlPoint,
    Convoy,
    Deadline,
    Notification,
    Route,
    Subscription,
    Webhook,
)
from convoys.queries.rows import bare, is_one_of

Row = TypeVar("Row", bound=Model)

PERSON = (
    "id", "username", "email", "is_active", "is_staff", "is_superuser", "organisation_id", "language",
    "time_zone",
)  # fmt: skip
CONVOY = ("id", "reference", "is_exercise", "route_id")


def loaded(rows: QuerySet[Notification]) -> list[Notification]:
    """These notifications, each person's together, in the order in which they came to be owed."""
    owed = _bare(Notification, rows.order_by("recipient", "created_at", "pk"))
    if not owed:
        return owed
    alerts = _by_key(Alert, [one.alert_id for one in owed])
    deadlines = deadlines_with_convoys([one.deadline_id for one in owed])
    people = _by_key(User, [one.recipient_id for one in owed], PERSON)
    subscriptions = _by_key(Subscription, [one.subscription_id for one in owed])
    webhooks = _by_key(Webhook, [one.webhook_id for one in owed])
    read_roles(people.values())
    for one in owed:
        at_hand = one._state.fields_cache
        at_hand["alert"], at_hand["deadline"] = alerts[one.alert_id], deadlines[one.deadline_id]
        at_hand["recipient"] = people[one.recipient_id]
        if one.subscription_id is not None:
            at_hand["subscription"] = subscriptions[one.subscription_id]
        if one.webhook_id is not None:
            at_hand["webhook"] = webhooks[one.webhook_id]
    _put_names(owed)
    return owed


def deadlines_with_convoys(keys: Collection[int]) -> dict[int, Deadline]:
    """By key, each with its convoy and that convoy's route."""
    deadlines = _by_key(Deadline, keys)
    convoys = _by_key(Convoy, [row.convoy_id for row in deadlines.values()], CONVOY)
    routes = Route.objects.in_bulk({one.route_id for one in convoys.values() if one.route_id is not None})
    for convoy in convoys.values():
        if convoy.route_id is not None:
            convoy._state.fields_cache["route"] = routes[convoy.route_id]
    for row in deadlines.values():
        row._state.fields_cache["convoy"] = convoys[row.convoy_id]
    return deadlines


def subscriptions_in_force(people: Collection[int]) -> dict[int, list[Subscription]]:
    """By person, oldest first."""
    found: dict[int, list[Subscription]] = {}
    rows = Subscription.objects.filter(is_one_of("user", people), ended_at=None).order_by("pk")
    for subscription in _bare(Subscription, rows):
        found.setdefault(subscription.user_id, []).append(subscription)
    return found


def _by_key(
    model: type[Row], keys: Iterable[int | None], columns: Sequence[str] | None = None
) -> dict[Any, Row]:
    """Rows by key; no statement where no key is given."""
    asked = {key for key in keys if key is not None}
    if not asked:
        return {}
    rows = model._default_manager.filter(is_one_of("pk", asked)).order_by()
    return {row.pk: row for row in _bare(model, rows, columns)}


def _bare(model: type[Row], rows: QuerySet[Row], columns: Sequence[str] | None = None) -> list[Row]:
    if not columns:
        columns = [field.attname for field in model._meta.concrete_fields]
    return [bare(model, columns, values) for values in rows.values_list(*columns)]


def _put_names(notifications: Sequence[Notification]) -> None:
    """Put what a subscription names where it is named: much of it is at hand, the rest is little."""
    named = [(one, one.subscription) for one in notifications if one.subscription is not None]
    codes = {subscription.control_point_id for _, subscription in named} - {None}
    points = ControlPoint.objects.select_related("place").prefetch_related("place__names")
    by_code = points.in_bulk(codes) if codes else {}
    sponsors = Organisation.objects.in_bulk({one.sponsor_id for _, one in named if one.sponsor_id})
    for notification, subscription in named:
        at_hand, convoy = subscription._state.fields_cache, notification.deadline.convoy
        at_hand["user"] = notification.recipient
        at_hand["control_point"] = by_code.get(subscription.control_point_id or "")
        at_hand["sponsor"] = sponsors.get(subscription.sponsor_id or "")
        if subscription.convoy_id == convoy.pk:
            at_hand["convoy"] = convoy
        if subscription.route_id == convoy.route_id and convoy.route_id is not None:
            at_hand["route"] = convoy.route
