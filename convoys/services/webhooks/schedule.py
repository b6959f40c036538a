"""When a webhook is called again: the pauses that the rules recommend, over three days, then no more."""

from __future__ import annotations

import random
from datetime import timedelta

# After the first attempt, after the second, and so on.
PAUSES = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
MOST_ATTEMPTS = len(PAUSES) + 1
# A server may ask for patience; not for more than the longest pause of ours.
LONGEST_WISH = PAUSES[-1]


def pause_after(attempts: int, wish: timedelta | None = None) -> timedelta | None:
    """How long to wait after this many attempts, up to a fifth longer; None where there are no more.

    `wish` is what the server asked for: never sooner than that. Never sooner than the schedule
    either, so that what failed together does not come back together.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    pause = PAUSES[max(attempts, 1) - 1]
    if wish is not None:
        pause = max(pause, min(wish, LONGEST_WISH))
    return pause * (1 + random.random() / 5)  # noqa: S311 - spreads load, keeps no secret
