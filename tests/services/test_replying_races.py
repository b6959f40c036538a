"""The right of reply with several at once: one account, one decision, one claim."""

from __future__ import annotations

import uuid

import pytest

from accounts.roles import Role
from convoys.models import AccountOffered, Claim, OfferState
from convoys.services import replying
from convoys.services.replying import AlreadyDecided
from tests import factories as make
from tests.services.test_replying import hold, offered, reply, seen
from tests.services.test_timeline_races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_the_same_key_at_the_same_moment_is_one_account() -> None:
    partner, key, said = make.partner(), uuid.uuid4(), reply()
    results = at_once(lambda number: replying.offer(partner, said, key))
    assert sorted(is_repeat for _, is_repeat in results) == [False] + [True] * 9
    assert {row.pk for row, _ in results} == {AccountOffered.objects.get().pk}


def test_of_several_who_release_one_does_and_one_claim_stands() -> None:
    offer, newest = offered(), seen()
    coordinators = [make.user(f"coordinator {number}", Role.COORDINATOR) for number in range(6)]
    results = at_once(lambda number: replying.release(coordinators[number], offer.uuid, newest), 6)
    offer.refresh_from_db()
    # One who comes between the record and its note finds the claim that the first has written.
    told = {result.sequence for result in results if not isinstance(result, AlreadyDecided)}
    assert told == {offer.sequence}, results
    assert Claim.objects.get(stance="denies").sequence == offer.sequence


def test_withdrawn_declined_and_released_at_the_same_moment_one_of_them_holds() -> None:
    partner, coordinator, chain = make.partner(), make.coordinator(), hold()
    for round_ in range(5):
        offer, newest = offered(event=chain, statement=f"Round {round_}."), seen()
        acts = [
            lambda: replying.withdraw(partner, offer.uuid),  # noqa: B023  # run before the next round
            lambda: replying.decline(coordinator, offer.uuid, "No."),  # noqa: B023
            lambda: replying.release(coordinator, offer.uuid, newest),  # noqa: B023
        ]
        results = at_once(lambda number: acts[number](), 3)  # noqa: B023
        assert sum(isinstance(result, AlreadyDecided) for result in results) == 2, results
        offer.refresh_from_db()
        assert offer.state != OfferState.WAITING
        stands = Claim.objects.filter(pk=offer.sequence or 0).exists()
        assert stands == (offer.state == OfferState.RELEASED)
    released = AccountOffered.objects.filter(state=OfferState.RELEASED).count()
    assert Claim.objects.filter(stance="denies").count() == released
