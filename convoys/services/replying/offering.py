"""The partner's side: put an account before staff, or take it back while it waits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from convoys.errors import AlreadySent, ConvoyError, InvalidInput, NotPermitted
from convoys.models import AccountOffered, Convoy, OfferState
from convoys.queries.offered import UNDECIDED, own_accounts
from convoys.queries.statements import Batch
from convoys.queries.visibility import Viewer, viewer_of, visible_claims, visible_events
from convoys.services import changes
from convoys.services.drafting import draft_claim
from convoys.services.replying.deciding import refuse_decided, update
from convoys.services.replying.saying import About, Reply, step_of
from convoys.services.resolving import Resolver
from convoys.services.targets import Targets

MOST_WAITING = 200


class NothingThere(ConvoyError):
    """It is about nothing on record that its sender may see."""

    code = "not_found"


def offer(user: User, reply: Reply, key: uuid.UUID | None = None) -> tuple[AccountOffered, bool]:
    """Put an account before staff; the second of the pair says whether the same had been sent before.

    A key that its organisation sent before gives the first result. Raises NotPermitted for who is no
    partner, NothingThere, InvalidInput, and AlreadySent where the key came with other contents.
    """
    viewer = viewer_of(user)
    if viewer.is_staff or viewer.organisation is None:
        raise NotPermitted(_("Only partners reply so; staff record accounts at the desk."))
    plain = _plain(reply)
    digest = _digest(plain)
    if (first := _sent_before(viewer, key, digest)) is not None:
        return first, True
    about = _target(viewer, reply)
    now = timezone.now()
    row = AccountOffered(
        organisation_id=viewer.organisation, author=user, convoy=about.convoy, event=about.event,
        claim=about.claim, stance=reply.stance, account=plain, key=key, contents_digest=digest,
        offered_at=now,
    )  # fmt: skip
    _check(row, about, now)
    try:
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            waiting = AccountOffered.objects.filter(UNDECIDED, organisation=viewer.organisation)
            if waiting.count() >= MOST_WAITING:
                raise InvalidInput({"statement": _("Too many of your accounts wait for the desk already.")})
            row.save(force_insert=True)
    except IntegrityError:  # the same key at the same moment
        if (first := _sent_before(viewer, key, digest)) is None:
            raise
        return first, True
    return row, False


def withdraw(user: User, key: uuid.UUID) -> AccountOffered | None:
    """Take back one of its own that waits; None where there is none. What it said is gone then.

    One that was withdrawn before stays so. Raises AlreadyDecided.
    """
    if not own_accounts(viewer_of(user)).filter(uuid=key).exists():
        return None
    with transaction.atomic():
        row = AccountOffered.objects.select_for_update(of=("self",)).get(uuid=key)
        if row.state != OfferState.WITHDRAWN:
            refuse_decided(row)
            update(row, state=OfferState.WITHDRAWN, decided_at=timezone.now(), account={})
    return row


def _plain(reply: Reply) -> dict[str, Any]:
    """What it says, in values that JSON has, without what it does not say."""
    said = {name: value for name, value in asdict(reply).items() if value not in (None, "", ())}
    if reply.said_on is not None:
        said["said_on"] = reply.said_on.isoformat()
    return said


def _digest(plain: Mapping[str, Any]) -> str:
    """Keyed: it outlives the words and must not let them be guessed."""
    try:
        text = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half a character, a figure beyond all bounds: refused below
        text = repr(plain).encode(errors="replace")
    return salted_hmac("convoys.offered", text, algorithm="sha256").hexdigest()


def _sent_before(viewer: Viewer, key: uuid.UUID | None, digest: str) -> AccountOffered | None:
    if key is None:
        return None
    first = AccountOffered.objects.filter(organisation=viewer.organisation, key=key).first()
    if first is not None and first.contents_digest != digest:
        raise AlreadySent
    return first


def _target(viewer: Viewer, reply: Reply) -> About:
    """The first entry of the chain that it is about, of a convoy. Raises InvalidInput, NothingThere."""
    if (reply.event is None) == (reply.claim is None):
        raise InvalidInput(
            {"event": _("Say which event it is about, or which claim it answers: one of both.")}
        )
    if reply.event is not None:
        event = visible_events(viewer).filter(sequence=reply.event, chain=reply.event).first()
        if event is not None and event.convoy is not None:
            return About(event.convoy, event=event)
    elif reply.claim is not None:
        claim = visible_claims(viewer).filter(sequence=reply.claim, chain=reply.claim).first()
        about: Any = getattr(claim, "about_convoy", None) or 0
        convoy = Convoy.objects.filter(pk=about).first()
        if convoy is not None:
            return About(convoy, claim=claim)
    raise NothingThere(_("Nothing that you may see has this chain."))


def _check(row: AccountOffered, about: About, now: datetime) -> None:
    """Refuse now what could not be released later. Raises InvalidInput."""
    step = step_of(row, about)
    change_set = changes.ChangeSet([step])
    batch = Batch()
    resolver = Resolver(change_set, batch)
    batch.run()
    target = Targets(change_set).of_claim(step)
    try:
        draft = draft_claim(step.account, target.column, resolver, now, 0, target.audience)
    except InvalidInput as refusal:
        named = {_own_name(name): sentence for name, sentence in refusal.fields.items()}
        raise InvalidInput(named) from None
    if "statement" not in draft.words:
        raise InvalidInput({"statement": _("Say it in your own words.")})


def _own_name(field: str) -> str:
    """What a reply calls a field of an account."""
    return {"alleged_when": "happened", "speaker_person": "person"}.get(field) or field.removeprefix(
        "alleged_"
    )
