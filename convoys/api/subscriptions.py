"""A person's own subscriptions: what they are told of, by mail or webhook; the same doors as on the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.bodies import Body, CodeIn, TextIn, WholeNumberIn, read_body
from convoys.api.fields import InstantField, TextField
from convoys.api.own import OwnList, OwnView, refusals_told
from convoys.api.parameters import LARGEST_INTEGER
from convoys.api.problems import ApiProblem
from convoys.models import Channel, Rhythm, Subscription
from convoys.queries.subscriptions import in_force, with_names
from convoys.services.alerting.described import Described, described
from convoys.services.alerting.subscriptions import (
    LONGEST_STEP,
    Wish,
    change_subscription,
    end_subscription,
    subscribe,
)


class SubscriptionSerializer(serializers.Serializer):
    """One subscription in force. Of what it names all must fit; where it names nothing, all that you see."""

    id = serializers.IntegerField(source="subscription.pk")
    sentence = serializers.CharField(help_text="What it does, in words.")
    idle_because = TextField(help_text="Why nothing comes of it as things stand; null while it can tell.")
    convoy = serializers.SerializerMethodField(
        allow_null=True, help_text="By reference. Null also where you may no longer see it."
    )
    route = serializers.CharField(source="subscription.route_id", allow_null=True)
    control_point = serializers.CharField(source="subscription.control_point_id", allow_null=True)
    sponsor = serializers.CharField(source="subscription.sponsor_id", allow_null=True)
    from_seconds = serializers.IntegerField(
        source="subscription.from_seconds", help_text="Not before a step this long; 0: from the first."
    )
    channel = serializers.ChoiceField(source="subscription.channel", choices=Channel.choices)
    webhook = serializers.IntegerField(source="subscription.webhook_id", allow_null=True)
    rhythm = serializers.ChoiceField(source="subscription.rhythm", choices=Rhythm.choices)
    digest_hour = serializers.IntegerField(source="subscription.digest_hour", allow_null=True)
    language = TextField(source="subscription.language", help_text="Null: your account's.")
    time_zone = TextField(
        source="subscription.time_zone", help_text="IANA name; null: your account's, else the instance's."
    )
    created_at = InstantField(lambda told: told.subscription.created_at)

    def get_convoy(self, told: Described) -> str | None:
        convoy = told.subscription.convoy
        return convoy.reference if convoy is not None and told.may_change else None


class WishBody(Body):
    """What you want to be told of, and how. To leave something open, leave it out, or say null."""

    convoy = TextIn(required=False, allow_null=True, max_length=100, help_text="By reference.")
    route = TextIn(required=False, allow_null=True, max_length=64, help_text="By code.")
    control_point = TextIn(required=False, allow_null=True, max_length=64, help_text="By code.")
    sponsor = TextIn(
        required=False,
        allow_null=True,
        max_length=64,
        help_text="By code: a sponsor of a convoy that you see.",
    )
    from_seconds = WholeNumberIn(required=False, min_value=0, max_value=LONGEST_STEP)
    channel = CodeIn(required=False, choices=Channel.choices, help_text="`mail` where nothing is said.")
    webhook = WholeNumberIn(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_INTEGER, help_text="One of yours."
    )
    rhythm = CodeIn(
        required=False,
        choices=Rhythm.choices,
        help_text="`immediate` where nothing is said; a webhook is told at once.",
    )
    digest_hour = WholeNumberIn(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=23,
        help_text="Needed for `daily`: local hour.",
    )
    language = CodeIn(required=False, allow_null=True, choices=settings.LANGUAGES)
    time_zone = TextIn(required=False, allow_null=True, max_length=64, help_text="IANA name.")


WISH = {"control_point": "lachin_checkpoint", "from_seconds": 259200, "rhythm": "daily", "digest_hour": 7}
SHOWN = {
    "id": 12,
    "sentence": "You are told by mail, in English, once a day at 07:00 Asia/Yerevan time, of holds of 3 days "
    "and more: convoys at Hakari bridge checkpoint / Lachin checkpoint.",
    "idle_because": None,
    "convoy": None,
    "route": None,
    "control_point": "lachin_checkpoint",
    "sponsor": None,
    "from_seconds": 259200,
    "channel": "mail",
    "webhook": None,
    "rhythm": "daily",
    "digest_hour": 7,
    "language": None,
    "time_zone": "Asia/Yerevan",
    "created_at": "2026-03-05T10:00:00+00:00",
}


class SubscriptionList(OwnList):
    """Your subscriptions in force, in the order in which they were made."""

    without_key = "Sending the same again changes nothing: a subscription to the same is the same one."
    serializer_class = SubscriptionSerializer

    def get_queryset(self) -> QuerySet[Subscription]:
        return with_names(in_force(self.user))

    def rows_of(self, page: Sequence[Subscription]) -> Sequence[Described]:
        return described(self.user, page)

    @extend_schema(
        operation_id="subscriptions_create",
        request=WishBody,
        responses={200: SubscriptionSerializer, 201: SubscriptionSerializer},
        examples=[
            OpenApiExample("A daily digest", WISH, request_only=True),
            OpenApiExample("Subscribed", SHOWN, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Subscribe. `sentence` says what it will do.

        Where you have one for the same over the same channel already, that one is changed: 200.
        """
        wish = Wish(**_plain(read_body(request, WishBody)))
        before = set(in_force(self.user).values_list("pk", flat=True))
        with refusals_told():
            made = subscribe(self.user, wish)
        shown = SubscriptionSerializer(_told(self.user, made.pk)).data
        return self.made(shown, "subscription", made.pk, made.pk not in before)


class SubscriptionDetail(OwnView):
    """One of your subscriptions in force."""

    @extend_schema(operation_id="subscriptions_retrieve", responses=SubscriptionSerializer)
    def get(self, request: Request, key: int) -> Response:
        return Response(SubscriptionSerializer(_told(self.user, key)).data)

    @extend_schema(
        operation_id="subscriptions_partial_update",
        request=WishBody,
        responses=SubscriptionSerializer,
        examples=[OpenApiExample("At once again", {"rhythm": "immediate"}, request_only=True)],
    )
    def patch(self, request: Request, key: int) -> Response:
        """Change what the body names; the rest stays. One whose convoy you may no longer see only ends."""
        told = _told(self.user, key)
        if not told.may_change:
            raise ApiProblem("conflict", "You may no longer see its convoy: it can be ended, not changed.")
        wish = replace(_wish_of(told.subscription), **_plain(read_body(request, WishBody)))
        with refusals_told():
            if change_subscription(self.user, key, wish) is None:
                raise Http404
        return Response(SubscriptionSerializer(_told(self.user, key)).data)

    @extend_schema(operation_id="subscriptions_destroy", responses={204: None})
    def delete(self, request: Request, key: int) -> Response:
        """End it: no more comes from it."""
        if not end_subscription(self.user, key):
            raise Http404
        return Response(status=204)


def _told(user: Any, key: int) -> Described:
    """One of a person's own, with what it does. Raises Http404."""
    found = described(user, list(with_names(in_force(user).filter(pk=key))))
    if not found:
        raise Http404
    return found[0]


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    """Null as a wish has it: none of the keys that are texts is the empty text."""
    return {
        name: "" if value is None and name not in ("webhook", "digest_hour") else value
        for name, value in said.items()
    }


def _wish_of(one: Subscription) -> Wish:
    """A subscription as its owner would wish it."""
    return Wish(
        convoy=one.convoy.reference if one.convoy is not None else "",
        control_point=one.control_point_id or "",
        route=one.route_id or "",
        sponsor=one.sponsor_id or "",
        from_seconds=one.from_seconds,
        channel=one.channel,
        webhook=one.webhook_id,
        rhythm=one.rhythm,
        digest_hour=one.digest_hour,
        language=one.language,
        time_zone=one.time_zone,
    )
