"""Who is in charge of which episode, and what people did about it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.models import User
from convoys.models import AlertResponse, Deadline, DeadlineState, ResponseKind, Watch

Key = tuple[str, int]  # watch, episode
RUNNING = (DeadlineState.OPEN, DeadlineState.PAUSED)


def charges(keys: Iterable[Key]) -> dict[Key, list[AlertResponse]]:
    """Who took charge of these episodes, handed-over and laid-down charges included, oldest first."""
    asked = set(keys)
    found: dict[Key, list[AlertResponse]] = {}
    if not asked:
        return found
    rows = AlertResponse.objects.filter(
        kind=ResponseKind.IN_CHARGE, episode__in={episode for _watch, episode in asked}
    )
    for row in rows.select_related("user").order_by("at", "pk"):
        if (row.watch, row.episode) in asked:
            found.setdefault((row.watch, row.episode), []).append(row)
    return found


def in_charge(taken: Iterable[AlertResponse]) -> AlertResponse | None:
    """Of one episode's charges the one in force."""
    return next((row for row in taken if row.ended_at is None), None)


def charges_of_holds(convoys: Iterable[int]) -> dict[int, AlertResponse]:
    """By convoy: who is in charge of the hold that runs. Two queries."""
    running = Deadline.objects.filter(convoy__in=list(convoys), watch=Watch.HELD, state__in=RUNNING)
    convoy_of = {
        (watch, episode): convoy
        for convoy, watch, episode in running.values_list("convoy", "watch", "episode")
    }
    holders = {key: in_charge(taken) for key, taken in charges(convoy_of).items()}
    return {convoy_of[key]: holder for key, holder in holders.items() if holder is not None}


def responses_to(convoy: int) -> QuerySet[AlertResponse]:
    """All that people did about one convoy's alerts, newest first."""
    return AlertResponse.objects.filter(deadline__convoy=convoy).select_related("user", "deadline")


def name_of(user: User) -> str:
    """A person's name, else their user name."""
    return user.get_full_name() or user.get_username()
