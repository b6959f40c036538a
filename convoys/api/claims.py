"""The right of reply: a partner's own accounts, which become claims when the desk releases them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.bodies import Body, CodeIn, DayIn, TextIn, WholeNumberIn, read_body
from convoys.api.fields import InstantField
from convoys.api.own import KEY, OwnList, OwnView, refusals_told
from convoys.api.parameters import LARGEST_INTEGER, wrong
from convoys.api.problems import ApiProblem
from convoys.errors import AlreadySent
from convoys.models import AccountOffered, OfferState
from convoys.queries.offered import OfferTold, own_accounts, tell_offers
from convoys.services import replying
from convoys.vocabulary import Cause, SpeakerKind, Stance

MOST_NAMED = 50
UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


class OfferSerializer(serializers.Serializer):
    """An account of your organisation. Once released it is a claim on record, the one of `sequence`."""

    id = serializers.UUIDField(source="offer.uuid")
    state = serializers.ChoiceField(choices=OfferState.choices)
    convoy = serializers.CharField(source="offer.convoy.reference")
    event = serializers.IntegerField(
        source="offer.event_id", allow_null=True, help_text="The chain of the event that it is about."
    )
    claim = serializers.IntegerField(
        source="offer.claim_id", allow_null=True, help_text="The chain of the claim that it answers."
    )
    stance = serializers.ChoiceField(source="offer.stance", choices=Stance.choices)
    statement = serializers.SerializerMethodField(
        allow_null=True, help_text="Your words; null where they are withdrawn or erased."
    )
    offered_at = InstantField(lambda told: told.offer.offered_at)
    decided_at = InstantField(lambda told: told.decided_at, allow_null=True)
    reason = serializers.SerializerMethodField(allow_null=True, help_text="Why it was declined.")
    sequence = serializers.IntegerField(
        source="offer.sequence", allow_null=True, help_text="Of the claim that it became."
    )

    def get_statement(self, told: OfferTold) -> str | None:
        return told.account.get("statement")

    def get_reason(self, told: OfferTold) -> str | None:
        return told.offer.reason or None


class OfferBody(Body):
    """What your organisation says, of an event or in answer to a claim: name exactly one of both."""

    event = WholeNumberIn(
        required=False, min_value=1, max_value=LARGEST_INTEGER, help_text="The chain of an event of a convoy."
    )
    claim = WholeNumberIn(
        required=False,
        min_value=1,
        max_value=LARGEST_INTEGER,
        help_text="The chain of a claim, to answer it.",
    )
    stance = CodeIn(choices=Stance.choices)
    statement = TextIn(max_length=10_000, help_text="In your own words: they are shown word for word.")
    speaker_kind = CodeIn(choices=SpeakerKind.choices, help_text="As what your organisation speaks here.")
    person = TextIn(required=False, max_length=300, help_text="Who speaks for it, where that is to be shown.")
    title = TextIn(required=False, max_length=300, help_text="Of a document of yours.")
    link = TextIn(required=False, max_length=2000, help_text="Of that document: http or https.")
    language = TextIn(required=False, max_length=16)
    said_on = DayIn(required=False, help_text="When you said it first; today where nothing is said.")
    holders = serializers.ListField(
        child=TextIn(max_length=64),
        required=False,
        max_length=MOST_NAMED,
        help_text="Codes of organisations that held it.",
    )
    causes = serializers.ListField(
        child=CodeIn(choices=Cause.choices), required=False, max_length=MOST_NAMED, help_text="Why."
    )
    happened = TextIn(
        required=False,
        max_length=16,
        help_text="When it happened, in local time of its place: 2023-09, 2023-09-10 or 2023-09-10T10:00.",
    )
    place = TextIn(required=False, max_length=64, help_text="The code of a place.")
    place_words = TextIn(required=False, max_length=300, help_text="Where no place on record fits.")
    trucks = WholeNumberIn(required=False, min_value=0, max_value=10_000)
    tonnes_low = TextIn(required=False, max_length=20, help_text="Metric tonnes, a decimal string.")
    tonnes_high = TextIn(required=False, max_length=20, help_text="Left out beside `tonnes_low`: at least.")


OFFERED = {
    "event": 57,
    "stance": "denies",
    "statement": "Our drivers were not refused; they were not asked for papers.",
    "speaker_kind": "carrier_staff",
    "said_on": "2026-03-05",
}
SHOWN = {
    "id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "state": "waiting",
    "convoy": "KB23-04",
    "event": 57,
    "claim": None,
    "stance": "denies",
    "statement": OFFERED["statement"],
    "offered_at": "2026-03-05T10:00:00+00:00",
    "decided_at": None,
    "reason": None,
    "sequence": None,
}
KEY_PARAMETER = OpenApiParameter(
    KEY,
    location=OpenApiParameter.HEADER,
    required=False,
    type={"type": "string", "pattern": UUID},
    description="A UUID of yours: the same sent again with it gives the first answer, other contents a 409.",
)


class OfferList(OwnList):
    """Your organisation's own accounts of convoys that you see, in the order in which they were offered."""

    without_key = ""
    serializer_class = OfferSerializer

    def get_queryset(self) -> QuerySet[AccountOffered]:
        return own_accounts(self.viewer)

    def rows_of(self, page: Sequence[AccountOffered]) -> Sequence[OfferTold]:
        return tell_offers(page)

    @extend_schema(
        operation_id="claims_create",
        parameters=[KEY_PARAMETER],
        request=OfferBody,
        responses={200: OfferSerializer, 201: OfferSerializer},
        examples=[
            OpenApiExample("An account", OFFERED, request_only=True),
            OpenApiExample("Waiting", SHOWN, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Say what your organisation has to say about an event, or in answer to a claim.

        It waits for the desk, and nobody else reads it. Released, it stands beside the other claims in
        your organisation's name. 200 where the same was sent before under the same key.
        """
        key = _key(request)
        said = read_body(request, OfferBody)
        for name in ("holders", "causes"):
            said[name] = tuple(said.get(name, ()))
        with refusals_told():
            try:
                made, is_repeat = replying.offer(self.user, replying.Reply(**said), key)
            except replying.NothingThere:
                raise Http404 from None
            except AlreadySent:
                detail = "This key came before with other contents. Nothing was written."
                raise ApiProblem("key-reused", detail, [{"parameter": KEY, "detail": detail}]) from None
        (told,) = tell_offers([made])
        return self.made(OfferSerializer(told).data, "claim", made.uuid, not is_repeat)


def _key(request: Request) -> uuid.UUID | None:
    given = request.headers.get(KEY)
    if given is None:
        return None
    try:
        key = uuid.UUID(given)
    except ValueError:
        key = None
    if key is None or str(key) != given.lower():
        raise wrong(KEY, "Give a UUID.")
    return key


class OfferDetail(OwnView):
    """One of your organisation's accounts."""

    @extend_schema(operation_id="claims_retrieve", responses=OfferSerializer)
    def get(self, request: Request, key: uuid.UUID) -> Response:
        found = own_accounts(self.viewer).filter(uuid=key).first()
        if found is None:
            raise Http404
        return Response(OfferSerializer(tell_offers([found])[0]).data)

    @extend_schema(operation_id="claims_destroy", responses={204: None})
    def delete(self, request: Request, key: uuid.UUID) -> Response:
        """Withdraw it while it waits: what it said is deleted. One that was decided on is a 409."""
        with refusals_told():
            if replying.withdraw(self.user, key) is None:
                raise Http404
        return Response(status=204)
