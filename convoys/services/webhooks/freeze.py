"""What a program is told of one episode: a thin body of identifiers and links, made once, sent as it is.

Programs fetch what they may see through the API. So a body names the convoy, the episode and the
step, and nothing that could be more than its owner sees by then.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from convoys.models import Channel, Event, Message, Notification, Telling, Webhook
from convoys.queries.ledger_head import newest_head
from convoys.queries.sight import Sight
from convoys.queries.visibility import Viewer
from convoys.services.messaging.gather import Parcel

# Beyond the last attempt of the schedule, however much its pauses were stretched.
GIVE_UP_AFTER = timedelta(days=7)
TEST_TYPE = "test"


class Bodies:
    """Writes the messages of a batch; what all of them need is read once, by a few statements."""

    def __init__(self, parcels: Iterable[Parcel], now: datetime) -> None:
        self.now = now
        self._head = newest_head()
        self._sight = Sight()
        ended = {one.occasion for parcel in parcels for one in parcel.notifications if _is_end(one)}
        self._chains = _chains_of(ended, self._sight)

    def message(self, parcel: Parcel, viewer: Viewer) -> Message | None:
        """That of one parcel, not stored yet; None where its owner may see nothing of it."""
        if viewer.sees_nothing or parcel.webhook is None:
            return None
        newest = max(parcel.notifications, key=lambda one: one.alert.step_seconds)
        data = self._data(parcel, newest, viewer)
        body = {"type": type_of(parcel), "timestamp": _written(_happened_at(newest)), "data": data}
        convoys = [newest.deadline.convoy_id]
        return _message(parcel.webhook, body, self.now, telling=parcel.telling, shown_convoys=convoys)

    def _data(self, parcel: Parcel, newest: Notification, viewer: Viewer) -> dict[str, Any]:
        deadline, alert = newest.deadline, newest.alert
        reference = deadline.convoy.reference
        steps = sorted({one.alert.step_seconds for one in parcel.notifications} | set(alert.passed))
        size, root = self._head
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
        if _is_end(newest) and self._sight.reads_event(viewer, self._chains.get(newest.occasion, 0)):
            data["ended_by_event"] = newest.occasion
        return data


def _is_end(notification: Notification) -> bool:
    return notification.telling == Telling.ENDED


def _chains_of(events: Collection[int], sight: Sight) -> dict[int, int]:
    """The chain of each of these entries, whose readers `sight` then knows."""
    if not events:
        return {}
    rows = Event.objects.filter(sequence__in=events).order_by().values_list("sequence", "chain", "convoy_id")
    found = list(rows)
    sight.load_convoys({convoy for _, _, convoy in found if convoy is not None})
    sight.load_events({chain for _, chain, _ in found})
    return {sequence: chain for sequence, chain, _ in found}


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


def _happened_at(notification: Notification) -> datetime:
    """When the step was reached; of a correction, when it became known to us."""
    is_step = notification.telling == Telling.STEP
    return notification.alert.reached_at if is_step else notification.created_at


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
