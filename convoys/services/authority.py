"""Whether the author of a change set may do what it asks."""

from __future__ import annotations

from accounts.roles import Role, may
from convoys.errors import InvalidInput, NotPermitted
from convoys.services.changes import ChangeSet, Correct, Record
from convoys.services.targets import Targets
from convoys.vocabulary import KINDS


def check_author(change_set: ChangeSet, targets: Targets) -> None:
    """Raises NotPermitted where the author's role does not reach.

    No author means the system itself, which only imports. Taking back one's own slip needs no
    more than recording; taking back another's needs a coordinator.
    """
    author = change_set.author
    if author is None:
        return
    if change_set.backfilled and not may(author, Role.COORDINATOR):
        raise NotPermitted("Only a coordinator may load history.")
    needed = Role.DESK_OFFICER
    for step in change_set.steps:
        if isinstance(step, Record) and step.kind in KINDS:
            needed = max(needed, KINDS[step.kind].role)
        elif isinstance(step, Correct):
            needed = max(needed, Role.COORDINATOR)
    if targets.authors() - {author.pk}:
        needed = max(needed, Role.COORDINATOR)
    if not may(author, needed):
        raise NotPermitted(f"This needs the role of a {needed.label.lower()}. Nothing was written.")


def check_accounts(change_set: ChangeSet) -> None:
    """Every event is written with its first account, but for the desk's own acts. Raises InvalidInput."""
    for step in change_set.steps:
        if (
            isinstance(step, Record)
            and step.kind in KINDS
            and not KINDS[step.kind].desk_act
            and not step.claims
        ):
            raise InvalidInput(
                {"speaker": "Say who says so: every report is kept with the account it rests on."}
            )
