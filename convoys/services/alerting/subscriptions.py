"""Makes, changes and ends subscriptions. What one may name is decided by its owner's eyes, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from convoys.errors import InvalidInput, NotPermitted
from convoys.models import SCOPE, Channel, Rhythm, Subscription, Webhook
from convoys.queries.subscribable import (
    subscribable_convoys,
    subscribable_points,
    subscribable_routes,
    subscribable_sponsors,
)
from convoys.queries.visibility import Viewer, viewer_of

MOST_A_PERSON = 100
LONGEST_STEP = 366 * 86400


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be told of, and how. A convoy is named by its reference, the others by code."""

    convoy: str = ""
    control_point: str = ""
    route: str = ""
    sponsor: str = ""
    from_seconds: int = 0
    channel: str = Channel.MAIL
    webhook: int | None = None
    rhythm: str = Rhythm.IMMEDIATE
    digest_hour: int | None = None
    language: str = ""
    time_zone: str = ""


def subscribe(user: User, wish: Wish) -> Subscription:
    """Put a wish in force; one for the same scope and channel that the person has is changed instead.

    Raises NotPermitted for somebody who sees nothing, InvalidInput with the fields at fault.
    """
    values = _checked(user, wish)
    with transaction.atomic():
        mine = locked(user)
        same = same_among(mine, values)
        if same is None and len(mine) >= MOST_A_PERSON:
            raise InvalidInput({"subscription": _("You have too many subscriptions: end some first.")})
        if same is None:
            return Subscription.objects.create(user=user, created_at=timezone.now(), **values)
        return _write(same, values)


def change_subscription(user: User, key: int, wish: Wish) -> Subscription | None:
    """Change one of a person's own in force; None where there is none of this key.

    Raises as `subscribe` does, and where another of theirs is for the same already.
    """
    values = _checked(user, wish)
    with transaction.atomic():
        mine = locked(user)
        one = next((row for row in mine if row.pk == key), None)
        if one is None:
            return None
        same = same_among([row for row in mine if row.pk != key], values)
        if same is not None:
            raise InvalidInput(
                {"subscription": _("There is one for the same already: change that one, or end it first.")}
            )
        return _write(one, values)


def end_subscription(user: User, key: int) -> bool:
    """End one of a person's own; False where there is none of this key in force."""
    mine = Subscription.objects.filter(pk=key, user=user, ended_at=None)
    return bool(mine.update(ended_at=timezone.now()))


def locked(user: User) -> list[Subscription]:
    """The person's own row is the lock: two clicks at once make one subscription."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    return list(Subscription.objects.filter(user=user, ended_at=None).order_by("pk"))


def same_among(mine: list[Subscription], values: dict[str, Any]) -> Subscription | None:
    """The one with the same scope over the same channel."""
    what = {f"{kind}_id" for kind in SCOPE} | {"channel", "webhook_id"}
    return next((one for one in mine if all(getattr(one, name) == values[name] for name in what)), None)


def _write(subscription: Subscription, values: dict[str, Any]) -> Subscription:
    Subscription.objects.filter(pk=subscription.pk).update(**values)
    subscription.refresh_from_db()
    return subscription


def _checked(user: User, wish: Wish) -> dict[str, Any]:
    """The columns of a wish that its owner may have, else InvalidInput with every field at fault."""
    viewer = viewer_of(user)
    if viewer.sees_nothing:
        raise NotPermitted(_("Only staff and partners can subscribe."))
    faults: dict[str, str] = {}
    values = _scope(viewer, wish, faults) | _how(user, wish, faults)
    if wish.from_seconds < 0 or wish.from_seconds > LONGEST_STEP:
        faults["from_seconds"] = _("Choose one of the steps.")
    if wish.language and wish.language not in dict(settings.LANGUAGES):
        faults["language"] = _("Choose one of the languages.")
    if wish.time_zone and wish.time_zone not in available_timezones():
        faults["time_zone"] = _("Give a zone's name such as Asia/Yerevan, or leave it empty.")
    if faults:
        raise InvalidInput(faults)
    return values | {
        "from_seconds": wish.from_seconds, "language": wish.language, "time_zone": wish.time_zone,
    }  # fmt: skip


def _scope(viewer: Viewer, wish: Wish, faults: dict[str, str]) -> dict[str, Any]:
    """Foreign keys of what it names. What its owner may not see is as if it were not there."""
    found = {
        "convoy": subscribable_convoys(viewer).filter(reference=wish.convoy),
        "control_point": subscribable_points(viewer).filter(pk=wish.control_point),
        "route": subscribable_routes(viewer).filter(pk=wish.route),
        "sponsor": subscribable_sponsors(viewer).filter(pk=wish.sponsor),
    }
    keys: dict[str, Any] = {}
    for kind, rows in found.items():
        keys[f"{kind}_id"] = None
        if getattr(wish, kind):
            keys[f"{kind}_id"] = rows.values_list("pk", flat=True).first()
            if keys[f"{kind}_id"] is None:
                faults[kind] = _("Nothing that can be named here is called so.")
    return keys


def _how(user: User, wish: Wish, faults: dict[str, str]) -> dict[str, Any]:
    """Channel and rhythm. A program is told at once: it can gather by itself."""
    is_webhook, is_daily = wish.channel == Channel.WEBHOOK, wish.rhythm == Rhythm.DAILY
    if wish.channel not in Channel.values:
        faults["channel"] = _("Choose mail or a webhook.")
    elif not is_webhook and not user.email:
        faults["channel"] = _("The account has no mail address. Ask the desk to add one.")
    if is_webhook:
        own = Webhook.objects.filter(user=user, ended_at=None, disabled_at=None)
        if wish.webhook is None or not own.filter(pk=wish.webhook).exists():
            faults["webhook"] = _("Choose one of the account's webhooks.")
        if is_daily:
            faults["rhythm"] = _("A webhook is told at once: choose mail for a daily digest.")
    if wish.rhythm not in Rhythm.values:
        faults["rhythm"] = _("Choose when to be told.")
    if is_daily and (wish.digest_hour is None or not 0 <= wish.digest_hour <= 23):
        faults["digest_hour"] = _("Choose an hour for the daily digest.")
    return {
        "channel": wish.channel, "webhook_id": wish.webhook if is_webhook else None, "rhythm": wish.rhythm,
        "digest_hour": wish.digest_hour if is_daily else None,
    }  # fmt: skip
