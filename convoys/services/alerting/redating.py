"""What a correction comes to: the clock that it leaves, and whether people heard otherwise."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min

from convoys.clocks import clock_start
from convoys.models import Alert, Deadline, Event, Notification, Telling
from convoys.queries.routes import route_positions
from convoys.replay import Episode, in_force, replay
from convoys.services.alerting.telling import HEARD, MADE_AT, contents_made


@dataclass(frozen=True)
class HoldSaid:
    """All of a hold that a message says: where, before which point, from when to when, how it ended.

    Places are codes; `ended` is how, where, and whether that is inferred.
    """

    stands_at: str | None
    held_before: str | None
    since: tuple[datetime, str]
    until: tuple[datetime, str] | None = None
    ended: tuple[str, str | None, bool] | None = None

    @property
    def where(self) -> tuple[str | None, str | None]:
        return self.stands_at, self.held_before


def said_of(episode: Episode) -> HoldSaid:
    """What is said of a hold as it now stands."""
    opening, closing = episode.opening, episode.closing
    said = HoldSaid(episode.stands_at, episode.held_before, (opening.occurred_at, opening.precision))
    if closing is None:
        return said
    return HoldSaid(
        *said.where,
        said.since,
        until=(closing.occurred_at, closing.precision),
        ended=(episode.ended, closing.place_id, episode.is_end_inferred),
    )


def episode_at(row: Deadline, at: datetime) -> Episode | None:
    """The hold of this clock by what was on record at that instant of ours."""
    events = Event.objects.filter(convoy=row.convoy_id, recorded_at__lt=at).select_related("convoy")
    history = replay(in_force(events), route_positions())
    return next((one for one in history.episodes if one.opening.chain == row.opening_chain), None)


def said_at(row: Deadline, at: datetime) -> HoldSaid | None:
    """What was said of the hold in a message whose contents were made then."""
    episode = episode_at(row, at)
    return said_of(episode) if episode is not None else None


def clock_of(event: Event) -> datetime:
    """Where a step clock runs from. A correction that keeps the period keeps what was known by when."""
    if event.sequence != event.chain:
        same = Event.objects.filter(
            chain=event.chain, occurred_at=event.occurred_at, precision=event.precision
        )
        event = copy(event)
        event.known_from = same.aggregate(first=Min("known_from"))["first"] or event.known_from
    return clock_start(event)


def last_told(row: Deadline) -> Notification | None:
    """The newest telling of this hold whose contents are made: heard, or on its way as it stands."""
    told = contents_made().filter(deadline=row).annotate(made_at=MADE_AT)
    return told.select_related("message").order_by("-made_at", "-pk").first()


def told_at(notification: Notification) -> datetime:
    """When the contents of what was told were made."""
    if notification.message is not None:
        return notification.message.frozen_at
    return notification.settled_at or notification.created_at


def last_correction(row: Deadline) -> Notification | None:
    """The newest telling of since when, where or before which point it is held, heard or about to be."""
    told = Notification.objects.filter(HEARD, deadline=row, telling=Telling.WITHDRAWN)
    return told.exclude(occasion=row.opening_chain).order_by("-created_at").first()


def was_told_otherwise(row: Deadline, episode: Episode) -> bool:
    """Whether somebody heard of another place or point, or of a step before it was reached.

    Once a beginning was told so, every other beginning is told otherwise.
    """
    told = last_told(row)
    was, now = said_at(row, told_at(told)) if told else None, said_of(episode)
    if was is not None and was.where != now.where:
        return True
    if was is not None and last_correction(row) is not None:
        return was.since != now.since
    return _was_told_too_soon(row)


def _was_told_too_soon(row: Deadline) -> bool:
    """Whether a step was raised before it was reached by the clock as it now stands."""
    alerts = Alert.objects.filter(watch=row.watch, episode=row.episode).values_list(
        "raised_at", "step_seconds"
    )
    return any(raised < row.clock_from + timedelta(seconds=step) for raised, step in alerts)
