"""What a program is told of one episode: a thin body of identifiers and links, made once, sent as it is.

Programs fetch what they may see through the API. So a body names the convoy, the episode and the
step, and nothing that could be more than its owner sees by then.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from convoys.models import Channel, Message, Notification, Telling, Webhook
from convoys.queries.ledger_head import newest_head
from convoys.queries.visibility import Viewer, visible_events
from convoys.services.messaging.gather import Parcel

# Beyond the last attempt of the schedule, however much its pauses were stretched.
GIVE_UP_AFTER = timedelta(days=7)
TEST_TYPE = "test"


def webhook_message(parcel: Parcel, viewer: Viewer, now: datetime) -> Message | None:
    """The message of one parcel, not stored yet; None where its owner may see nothing of it."""
    if viewer.sees_nothing or parcel.webhook is None:
        return None
    kind = type_of(parcel)
    newest = max(parcel.notifications, key=lambda one: one.alert.step_seconds)
    body = {"type": kind, "timestamp": _written(_happened_at(newest)), "data": _data(parcel, newest, viewer)}
    return _message(
        parcel.webhook, body, now, telling=parcel.telling, shown_convoys=[newest.deadline.convoy_id]
    )


def test_message(webhook: Webhook, now: datetime) -> Message:
    """A message that tells nothing but that calls arrive; not stored yet."""
    data = {"webhook": webhook.pk, "description": webhook.description}
    return _message(webhook, {"type": TEST_TYPE, "timestamp": _written(now), "data": data}, now)


def type_of(parcel: Parcel) -> str:
    """As in `convoy.held.step`: the watch, and what is told of it."""
    return f"convoy.{parcel.watch}.{'redated' if parcel.is_redated else parcel.telling}"


def _message(webhook: Webhook, body: dict[str, Any], now: datetime, **more: Any) -> Message:
    return Message(
        recipient_id=webhook.user_id, channel=Channel.WEBHOOK, webhook=webhook, subject=body["type"],
        text=json.dumps(body, separators=(",", ":")), message_id=f"msg_{uuid.uuid4().hex}", frozen_at=now,
        give_up_at=now + GIVE_UP_AFTER, **more,
    )  # fmt: skip


def _data(parcel: Parcel, newest: Notification, viewer: Viewer) -> dict[str, Any]:
    deadline, alert = newest.deadline, newest.alert
    reference = deadline.convoy.reference
    steps = sorted({one.alert.step_seconds for one in parcel.notifications} | set(alert.passed))
    size, root = newest_head()
    data = {
        "convoy": reference,
        "exercise": parcel.is_exercise,
        "watch": parcel.watch,
        "episode": deadline.episode,
        "event": deadline.opening_chain,
        "severity": alert.severity,
        "step_seconds": alert.step_seconds,
        "earlier_steps_seconds": [step for step in steps if step < alert.step_seconds],
        "api_url": settings.SITE_URL + reverse("api:convoy", args=[reference]),
        "page_url": settings.SITE_URL + reverse("board:convoy", args=[reference]),
        "ledger": {"size": size, "root": root.hex()},
    }
    if newest.telling == Telling.ENDED and visible_events(viewer).filter(pk=newest.occasion).exists():
        data["ended_by_event"] = newest.occasion
    return data


def _happened_at(notification: Notification) -> datetime:
    """When the step was reached; of a correction, when it became known to us."""
    is_step = notification.telling == Telling.STEP
    return notification.alert.reached_at if is_step else notification.created_at


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
