"""Makes and ends subscriptions. A person manages their own; of what they see, nothing else can be named."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from convoys.errors import InvalidInput, NotPermitted
from convoys.models import ControlPoint, Covers, Route, Subscription
from convoys.queries.visibility import viewer_of, visible_convoys

MOST_A_PERSON = 100


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be told of. `target` is a convoy's reference or a code; empty for all."""

    covers: str
    target: str = ""
    from_seconds: int = 0
    language: str = ""


def subscribe(user: User, wish: Wish) -> Subscription:
    """Put a wish in force; one for the same scope that the person has already is changed instead.

    Raises NotPermitted for somebody who sees nothing, InvalidInput with the fields at fault.
    """
    if viewer_of(user).sees_nothing:
        raise NotPermitted(_("Only staff and partners can subscribe."))
    if not user.email:
        raise InvalidInput({"covers": _("Your account has no mail address. Ask the desk to add one.")})
    target = _target(user, wish)
    if wish.from_seconds < 0 or wish.from_seconds > 366 * 86400:
        raise InvalidInput({"from_seconds": _("Choose one of the steps.")})
    if wish.language and wish.language not in dict(settings.LANGUAGES):
        raise InvalidInput({"language": _("Choose one of the languages.")})
    values = {"from_seconds": wish.from_seconds, "language": wish.language}
    with transaction.atomic():
        # The person's own row is the lock: two clicks at once make one subscription.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        mine = Subscription.objects.filter(user=user, ended_at=None)
        same = mine.filter(covers=wish.covers, **target).first()
        if same is not None:
            Subscription.objects.filter(pk=same.pk).update(**values)
            same.refresh_from_db()
            return same
        if mine.count() >= MOST_A_PERSON:
            raise InvalidInput({"covers": _("You have too many subscriptions: end some first.")})
        return Subscription.objects.create(
            user=user, covers=wish.covers, created_at=timezone.now(), **target, **values
        )


def end_subscription(user: User, key: int) -> bool:
    """End one of a person's own; False where there is none of this key in force."""
    mine = Subscription.objects.filter(pk=key, user=user, ended_at=None)
    return bool(mine.update(ended_at=timezone.now()))


def _target(user: User, wish: Wish) -> dict[str, object]:
    """The one foreign key that the scope needs. What the person may not see is as if it were not there."""
    if wish.covers not in Covers.values:
        raise InvalidInput({"covers": _("Choose what you want to be told of.")})
    if wish.covers == Covers.ALL:
        return {}
    visible = visible_convoys(viewer_of(user))
    found: dict[str, object] = {}
    match wish.covers:
        case Covers.CONVOY:
            convoy = visible.filter(reference=wish.target).first()
            found = {"convoy": convoy}
        case Covers.ROUTE:
            found = {"route": Route.objects.filter(pk=wish.target).first()}
        case Covers.CONTROL_POINT:
            found = {"control_point": ControlPoint.objects.filter(pk=wish.target).first()}
        case Covers.SPONSOR:
            sponsored = visible.filter(organisations__part="sponsor", organisations__organisation=wish.target)
            sponsor = sponsored.first()
            found = {"sponsor_id": wish.target if sponsor is not None else None}
    if None in found.values():
        raise InvalidInput({"target": _("Nothing that you may see is called so.")})
    return found
