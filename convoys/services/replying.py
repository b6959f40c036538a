"""The right of reply: a partner's own account waits here, and becomes a claim when staff release it.

The partner `offer`s and may `withdraw` while it waits; a coordinator `release`s or `decline`s. What
is offered is checked as a claim is, so that it can be released as it stands. Of two who decide at
once the second is told so.

`release` does, since the one write path has a transaction of its own:
1. under the row's lock, marks it released, with nothing yet to show for it;
2. has the timeline write the claim, in a change set with the account's own UUID;
3. notes the claim's sequence, and empties the account: the claim has its words.
A refusal in 2 puts it back to wait. Where the process dies between, the next who decides meets what
was written: the change set is found by its UUID.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role, may
from convoys.clocks import instance_zone, zone_named
from convoys.errors import AlreadySent, ConvoyError, InvalidInput, NotPermitted
from convoys.models import AccountOffered, ChangeSet, Claim, Convoy, Event, OfferState
from convoys.queries.offered import UNDECIDED, own_accounts
from convoys.queries.statements import Batch
from convoys.queries.visibility import Viewer, viewer_of, visible_claims, visible_events
from convoys.services import changes, checking, timeline
from convoys.services.drafting import draft_claim
from convoys.services.resolving import Resolver
from convoys.services.targets import Targets

MOST_WAITING = 200
LONGEST_REASON = 2000
# A release takes seconds; one that takes longer than this was broken off.
RELEASE_TAKES = timedelta(minutes=1)


class NothingThere(ConvoyError):
    """It is about nothing on record that its sender may see."""

    code = "not_found"


class AlreadyDecided(ConvoyError):
    """It does not wait any more."""

    code = "already_decided"


@dataclass(frozen=True)
class Reply:
    """What a partner says, of an event or in answer to a claim: by the chain of exactly one.

    `happened` is local time of the event's place, as 2023-09-10 or 2023-09-10T10:00; tonnes are
    decimal strings. The rest as in `changes.Account`.
    """

    stance: str
    statement: str
    speaker_kind: str
    event: int | None = None
    claim: int | None = None
    person: str = ""
    title: str = ""
    link: str = ""
    language: str = ""
    said_on: date | None = None
    holders: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    happened: str = ""
    place: str = ""
    place_words: str = ""
    trucks: int | None = None
    tonnes_low: str | None = None
    tonnes_high: str | None = None


# --- the partner's side


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
            _refuse_decided(row)
            _update(row, state=OfferState.WITHDRAWN, decided_at=timezone.now(), account={})
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


@dataclass(frozen=True)
class _About:
    convoy: Convoy
    event: Event | None = None
    claim: Claim | None = None


def _target(viewer: Viewer, reply: Reply) -> _About:
    """The first entry of the chain that it is about, of a convoy. Raises InvalidInput, NothingThere."""
    if (reply.event is None) == (reply.claim is None):
        raise InvalidInput(
            {"event": _("Say which event it is about, or which claim it answers: one of both.")}
        )
    if reply.event is not None:
        event = visible_events(viewer).filter(sequence=reply.event, chain=reply.event).first()
        if event is not None and event.convoy is not None:
            return _About(event.convoy, event=event)
    elif reply.claim is not None:
        claim = visible_claims(viewer).filter(sequence=reply.claim, chain=reply.claim).first()
        about: Any = getattr(claim, "about_convoy", None) or 0
        convoy = Convoy.objects.filter(pk=about).first()
        if convoy is not None:
            return _About(convoy, claim=claim)
    raise NothingThere(_("Nothing that you may see has this chain."))


def _check(row: AccountOffered, about: _About, now: datetime) -> None:
    """Refuse now what could not be released later. Raises InvalidInput."""
    step = _step(row, about)
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


def _step(row: AccountOffered, about: _About) -> changes.Claim:
    """The account as a step of a change set: its organisation speaks, in its own words."""
    event = about.event or (about.claim.target_event if about.claim else None)
    said = row.account
    happened = said.get("happened", "")
    zone = zone_named(event.time_zone) if event is not None else instance_zone()
    try:
        when = changes.When.parse(happened, zone) if happened else None
    except InvalidInput as refusal:
        raise InvalidInput({"happened": refusal.message}) from None
    offered_on = row.offered_at.astimezone(instance_zone()).date()
    said_on = date.fromisoformat(said["said_on"]) if "said_on" in said else offered_on
    account = changes.Account(
        speaker=row.organisation_id,
        speaker_kind=said["speaker_kind"],
        stance=row.stance,
        statement=said.get("statement", ""),
        is_verbatim=True,
        speaker_person=said.get("person", ""),
        publisher=row.organisation_id,
        title=said.get("title", ""),
        link=said.get("link", ""),
        language=said.get("language", ""),
        said_on=said_on,
        reported_on=offered_on,
        alleged_holders=tuple(said.get("holders", ())),
        alleged_causes=tuple(said.get("causes", ())),
        alleged_when=when,
        alleged_place=said.get("place", ""),
        alleged_place_words=said.get("place_words", ""),
        alleged_trucks=said.get("trucks"),
        alleged_tonnes_low=said.get("tonnes_low"),
        alleged_tonnes_high=said.get("tonnes_high"),
    )
    return changes.Claim(changes.Target(chain=row.event_id or row.claim_id), account)


# --- the desk's side


def release(user: User, key: uuid.UUID, seen: int | None) -> AccountOffered | None:
    """Make it a claim in the name of its organisation; None where there is none with this UUID.

    `seen` is the convoy's newest event that the coordinator saw. Raises NotPermitted, AlreadyDecided,
    and what `timeline.apply` raises; then it waits on.
    """
    _require_coordinator(user)
    row = _take(user, key)
    if row is None or row.sequence is not None:
        return row
    try:
        about = _About(row.convoy, row.event, row.claim)
        ref = changes.convoy(row.convoy.reference)
        written = timeline.apply(
            changes.ChangeSet([_step(row, about)], author=user, seen={ref: seen}, door="admin", uuid=row.uuid)
        )
    except Exception:
        untold = AccountOffered.objects.filter(pk=row.pk, state=OfferState.RELEASED, sequence=None)
        untold.update(state=OfferState.WAITING, decided_by=None, decided_at=None)
        raise
    _settle(row, written.sequences[0][0])
    return row


def decline(user: User, key: uuid.UUID, reason: str) -> AccountOffered | None:
    """Leave it outside of the record, for a reason that its partner reads; None where there is none.

    Raises NotPermitted, InvalidInput, AlreadyDecided.
    """
    _require_coordinator(user)
    reason = checking.text("reason", reason, limit=LONGEST_REASON, required=True)
    with transaction.atomic():
        row = AccountOffered.objects.select_for_update(of=("self",)).filter(uuid=key).first()
        if row is not None:
            _refuse_decided(row)
            _update(row, state=OfferState.DECLINED, decided_by=user, decided_at=timezone.now(), reason=reason)
    return row


def _require_coordinator(user: User) -> None:
    if not may(user, Role.COORDINATOR):
        raise NotPermitted(_("This needs the role of a coordinator. Nothing was written."))


def _take(user: User, key: uuid.UUID) -> AccountOffered | None:
    """Mark it as being released; settled already where a release was broken off after it was written."""
    with transaction.atomic():
        rows = AccountOffered.objects.select_for_update(of=("self",)).select_related(
            "convoy", "event", "claim__target_event"
        )
        row = rows.filter(uuid=key).first()
        if row is None or _settled(row):
            return row
        _refuse_decided(row)
        _update(row, state=OfferState.RELEASED, decided_by=user, decided_at=timezone.now())
    return row


def _settled(row: AccountOffered) -> bool:
    """Whether its claim was written by a release that did not come to say so; says so then."""
    if row.state != OfferState.RELEASED or row.sequence is not None:
        return False
    written = ChangeSet.objects.filter(pk=row.uuid).first()
    if written is not None:
        _settle(row, written.sequences[0][0])
    return written is not None


def _refuse_decided(row: AccountOffered) -> None:
    """Raises AlreadyDecided unless it waits, or was left behind by a release that was broken off."""
    if row.state == OfferState.WAITING:
        return
    if row.state == OfferState.RELEASED and row.sequence is None:
        if row.decided_at is not None and timezone.now() - row.decided_at > RELEASE_TAKES:
            if not _settled(row):
                return
        else:
            raise AlreadyDecided(_("It is being released at this moment. Look again in a minute."))
    state = OfferState(row.state).label
    raise AlreadyDecided(_("It does not wait any more: it was %(state)s.") % {"state": state})


def _settle(row: AccountOffered, sequence: int) -> None:
    _update(row, sequence=sequence, account={})


def _update(row: AccountOffered, **columns: Any) -> None:
    AccountOffered.objects.filter(pk=row.pk).update(**columns)
    for name, value in columns.items():
        setattr(row, name, value)
