"""Turns what people are owed into messages whose contents no longer change.

Contents are read and rendered outside any transaction; then, in one short transaction, the
notifications are locked, those that are still open get their messages, and each message carries
the lease of this run. Two workers that rendered the same make one message: the second finds
nothing open. A message exists whole, with its links and its Message-ID, before anything is sent.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from convoys.models import (
    Channel,
    Event,
    MailLink,
    Message,
    MessageState,
    Notification,
    NotificationState,
    Subscription,
)
from convoys.queries.rows import bare, is_one_of
from convoys.services import columns
from convoys.services.alerting.responses import SNOOZED, put_off
from convoys.services.alerting.telling import NO_ACCESS
from convoys.services.messaging.check import GO, LATER, Check
from convoys.services.messaging.gather import Parcel, owed, parcels_of
from convoys.services.messaging.loading import loaded
from convoys.services.messaging.render import Renderer, language_of, reason_for
from convoys.services.webhooks.freeze import Bodies

# Longer than the slowest attempt; a worker that is killed gives its messages back after this.
LEASE = timedelta(minutes=3)
# A server that is away for longer than this is a failure for people to look at.
GIVE_UP_AFTER = timedelta(days=5)
MOST_REFERENCES = 10


@dataclass
class _Draft:
    """A message on its way to being frozen, with what goes beside it; a webhook's has no link."""

    message: Message
    token: str
    subscriptions: list[Subscription]
    notifications: list[Notification]


def freeze_for(recipients: Sequence[int], renderer: Renderer, channel: str = Channel.MAIL) -> list[Message]:
    """Freeze all that these people are owed and may be told now; returns the messages, leased."""
    open_now = loaded(owed(channel).filter(is_one_of("recipient", recipients)))
    check = Check(open_now)
    put_off((one, check.snoozed_until(one)) for one in open_now if check.verdicts[one.pk] == SNOOZED)
    drop = {one.pk: check.verdicts[one.pk] for one in open_now if check.verdicts[one.pk] not in (GO, *LATER)}
    parcels = parcels_of([one for one in open_now if check.verdicts[one.pk] == GO])
    if channel == Channel.MAIL:
        renderer.prepare((parcel, check.viewer(parcel.recipient)) for parcel in parcels)
    bodies = Bodies(parcels, renderer.now) if channel == Channel.WEBHOOK and parcels else None
    drafts = []
    for parcel in parcels:
        draft = _call(parcel, check, bodies) if bodies is not None else _draft(parcel, check, renderer)
        if draft is None:
            drop.update({one.pk: NO_ACCESS for one in parcel.notifications})
        else:
            drafts.append(draft)
    drop_open(drop)
    return _store(drafts, renderer.read_up_to)


def drop_open(reasons: dict[int, str]) -> None:
    """Settle what is owed no more, with the reason; what another run has taken meanwhile stays."""
    now = timezone.now()
    for reason in set(reasons.values()):
        keys = [pk for pk, why in reasons.items() if why == reason]
        Notification.objects.filter(is_one_of("pk", keys), state=NotificationState.OPEN).update(
            state=NotificationState.DROPPED, reason=reason, settled_at=now
        )


def _call(parcel: Parcel, check: Check, bodies: Bodies) -> _Draft | None:
    message = bodies.message(parcel, check.viewer(parcel.recipient))
    return _Draft(message, "", [], parcel.notifications) if message is not None else None


def _draft(parcel: Parcel, check: Check, renderer: Renderer) -> _Draft | None:
    user = parcel.recipient
    rendered = renderer.render(parcel, check.viewer(user))
    if rendered is None:
        return None
    behind = {s.pk: s for one in parcel.notifications for s in check.subscriptions_behind(one)}
    token = secrets.token_urlsafe(18)
    url = _address_of_link(settings.SITE_URL) + token
    language = language_of(parcel.subscription_language or user.language)
    subscription = next((one.subscription for one in parcel.notifications if one.subscription), None)
    text, html = rendered.for_person(url, reason_for(subscription, language, rendered.convoys))
    message = _message(
        recipient_id=user.pk, telling=parcel.telling, to_address=user.email, subject=rendered.subject,
        text=text, html=html, headers=_headers(parcel, url, language), reply_to=list(rendered.reply_to),
        message_id=f"<{uuid.uuid4().hex}@{mail_domain()}>", shown_convoys=list(rendered.convoys),
        shown_claims=list(rendered.claims), frozen_at=renderer.now,
        give_up_at=renderer.now + GIVE_UP_AFTER,
    )  # fmt: skip
    return _Draft(message, token, list(behind.values()), parcel.notifications)


def _message(**values: Any) -> Message:
    """A mail that is not stored yet, past the model's constructor."""
    columns_of_it = _NOTHING_SAID | values
    return bare(Message, list(columns_of_it), list(columns_of_it.values()))


_NOTHING_SAID = {field.attname: field.get_default() for field in Message._meta.concrete_fields}


@cache
def _address_of_link(site: str) -> str:
    """What stands before the token of a link."""
    return site + reverse("board:unsubscribe", args=["-"]).removesuffix("-")


def mail_domain() -> str:
    return _host_of(settings.SITE_URL)


@cache
def _host_of(site: str) -> str:
    return urlsplit(site).hostname or "localhost"


def _headers(parcel: Parcel, unsubscribe_url: str, language: str) -> dict[str, str]:
    """Threading: all mails of an episode refer to one root, so that a mail program shows one thread.

    A daily digest is of many episodes and of no thread.
    """
    headers = {
        "Auto-Submitted": "auto-generated",
        "Content-Language": language,
        "List-Unsubscribe": f"<{unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    if parcel.is_digest:
        return headers
    episodes = dict.fromkeys((one.alert.watch, one.alert.episode) for one in parcel.notifications)
    roots = [f"<{watch}-{episode}.episode@{mail_domain()}>" for watch, episode in episodes][:MOST_REFERENCES]
    return headers | {"In-Reply-To": roots[0], "References": " ".join(roots)}


def _store(drafts: Sequence[_Draft], read_up_to: int | None = None) -> list[Message]:
    if not drafts:
        return []
    lease, now = uuid.uuid4(), timezone.now()
    with transaction.atomic(durable=True):
        wanted = [one.pk for draft in drafts for one in draft.notifications]
        rows = Notification.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            is_one_of("pk", wanted), state=NotificationState.OPEN
        )
        still_open = set(rows.order_by("pk").values_list("pk", flat=True))
        moved = _moved_since(drafts, read_up_to)
        frozen = [
            draft
            for draft in drafts
            if all(one.pk in still_open for one in draft.notifications)
            and moved.isdisjoint(draft.message.shown_convoys)
        ]
        for draft in frozen:
            _lease(draft.message, lease, now)
        _insert([draft.message for draft in frozen])
        _store_links(frozen)
        told = [(one.pk, draft.message.pk) for draft in frozen for one in draft.notifications]
        columns.update(
            Notification,
            [pk for pk, _ in told],
            {
                "message_id": [message for _, message in told],
                "state": [NotificationState.FROZEN.value] * len(told),
            },
        )
    return [draft.message for draft in frozen]


def _moved_since(drafts: Sequence[_Draft], read_up_to: int | None) -> set[int | None]:
    """Convoys of which something was recorded while these were written: they are written anew."""
    if read_up_to is None:
        return set()
    shown = {pk for draft in drafts for pk in draft.message.shown_convoys}
    newer = Event.objects.filter(is_one_of("convoy", shown), sequence__gt=read_up_to)
    return set(newer.values_list("convoy_id", flat=True))


def _insert(messages: Sequence[Message]) -> None:
    if not messages:
        return
    names = [name for name in _NOTHING_SAID if name != "id"]
    values = {name: [getattr(message, name) for message in messages] for name in names}
    keys: list[Any] = columns.insert(Message, values, {}, ("message_id", "id"), is_wide=True)
    by_message_id = dict(keys)
    for message in messages:
        message.pk = by_message_id[message.message_id]


def _store_links(drafts: Sequence[_Draft]) -> None:
    """The token of each mail, and the subscriptions that it ends."""
    linked = [draft for draft in drafts if draft.token]
    if not linked:
        return
    messages = [draft.message for draft in linked]
    values: columns.Columns = {
        "token": [draft.token for draft in linked],
        "user_id": [message.recipient_id for message in messages],
        "message_id": [message.pk for message in messages],
        "created_at": [message.frozen_at for message in messages],
    }
    columns.insert(MailLink, values, {"used_at": None})
    pairs = [(draft.token, one.pk) for draft in linked for one in draft.subscriptions]
    if pairs:
        tokens, subscriptions = zip(*pairs, strict=True)
        ended = {"maillink_id": list(tokens), "subscription_id": list(subscriptions)}
        columns.insert(MailLink.subscriptions.through, ended, {})


def _lease(message: Message, lease: uuid.UUID, now: datetime) -> None:
    message.state, message.lease, message.lease_until = MessageState.SENDING, lease, now + LEASE
