"""A person's own webhooks: make, rotate, test, disable, end, and the log of what each was told."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.bodies import Body, EmptyBody, FlagIn, TextIn, read_body
from convoys.api.fields import InstantField, TextField
from convoys.api.own import OwnList, OwnView, refusals_told
from convoys.bell import ring
from convoys.models import Message, MessageState, Webhook
from convoys.queries.webhooks import deliveries, webhook_of
from convoys.services.webhooks import manage

WAKES = "convoys.tasks.deliver_webhooks"


class WebhookSerializer(serializers.Serializer):
    """One webhook. It is called while it is enabled; its secret is not shown again."""

    id = serializers.IntegerField(source="pk")
    url = serializers.URLField()
    description = TextField()
    created_at = InstantField(lambda webhook: webhook.created_at)
    enabled = serializers.SerializerMethodField()
    disabled_at = InstantField(lambda webhook: webhook.disabled_at, allow_null=True)
    disabled_because = TextField()
    both_sign_until = InstantField(
        lambda webhook: _both_sign_until(webhook),
        allow_null=True,
        help_text="After a rotation: until when the former secret signs too.",
    )

    def get_enabled(self, webhook: Webhook) -> bool:
        return webhook.disabled_at is None


class WebhookMadeSerializer(WebhookSerializer):
    """A webhook with its secret, which is shown this once."""

    secret = serializers.CharField(help_text="Verifies what is signed, by the Standard Webhooks rules.")


class AttemptSerializer(serializers.Serializer):
    """One call."""

    began_at = InstantField(lambda attempt: attempt.began_at)
    milliseconds = serializers.IntegerField(allow_null=True)
    status = serializers.IntegerField(allow_null=True, help_text="HTTP status; null: no answer.")
    outcome = TextField(help_text="In words; null while it is on its way.")
    asked_by_hand = serializers.BooleanField(help_text="A test or a replay.")


class DeliverySerializer(serializers.Serializer):
    """Something that the webhook was told or is owed, with each call, newest first."""

    id = serializers.CharField(source="message_id", help_text="The `webhook-id` of its calls.")
    subject = serializers.CharField()
    state = serializers.ChoiceField(choices=MessageState.choices)
    frozen_at = InstantField(lambda message: message.frozen_at)
    next_attempt_at = InstantField(lambda message: message.next_attempt_at, allow_null=True)
    attempts = AttemptSerializer(source="log", many=True)


class DeliveriesSerializer(serializers.Serializer):
    results = DeliverySerializer(many=True)


class WebhookBody(Body):
    """Where to call."""

    url = TextIn(max_length=500, help_text="https, a public host, port 443 or 8443.")
    description = TextIn(required=False, allow_blank=True, max_length=200, help_text="For you.")


class SwitchBody(Body):
    """Whether it is called."""

    enabled = FlagIn()


WEBHOOK = {
    "id": 3,
    "url": "https://hooks.example.org/convoys",
    "description": "The operations room",
    "created_at": "2026-03-05T10:00:00+00:00",
    "enabled": True,
    "disabled_at": None,
    "disabled_because": None,
    "both_sign_until": None,
}
MADE = WEBHOOK | {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDkGZXaV8yBzs="}


class WebhookList(OwnList):
    """Your webhooks that have not ended, in the order in which they were made."""

    without_key = "A secret is shown once: a second answer could not have it."
    serializer_class = WebhookSerializer

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.filter(user=self.user, ended_at=None)

    @extend_schema(
        operation_id="webhooks_create",
        request=WebhookBody,
        responses={201: WebhookMadeSerializer},
        examples=[
            OpenApiExample("An address", {"url": WEBHOOK["url"]}, request_only=True),
            OpenApiExample("Made", MADE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Make a webhook. Its secret is in this answer and nowhere else; then subscribe by it."""
        said = read_body(request, WebhookBody)
        with refusals_told():
            made, secret = manage.make(self.user, said["url"], said.get("description", ""))
        return self.made(_with_secret(made, secret), "webhook", made.pk)


class OneWebhook(OwnView):
    """What is done with one of a person's own."""

    def mine(self, key: int) -> Webhook:
        """Raises Http404 for one that has ended, too."""
        found = webhook_of(self.user, key)
        if found is None:
            raise Http404
        return found


class WebhookDetail(OneWebhook):
    """One of your webhooks."""

    @extend_schema(operation_id="webhooks_retrieve", responses=WebhookSerializer)
    def get(self, request: Request, key: int) -> Response:
        return Response(WebhookSerializer(self.mine(key)).data)

    @extend_schema(
        operation_id="webhooks_partial_update",
        request=SwitchBody,
        responses=WebhookSerializer,
        examples=[OpenApiExample("Call it again", {"enabled": True}, request_only=True)],
    )
    def patch(self, request: Request, key: int) -> Response:
        """Call it no more, or again from now on. What it missed is not sent by itself: replay it."""
        mine = self.mine(key)
        act = manage.enable if read_body(request, SwitchBody)["enabled"] else manage.switch_off
        act(mine)
        return Response(WebhookSerializer(self.mine(key)).data)

    @extend_schema(operation_id="webhooks_destroy", responses={204: None})
    def delete(self, request: Request, key: int) -> Response:
        """End it for good, with the subscriptions that lead to it."""
        manage.end(self.mine(key))
        return Response(status=204)


class WebhookRotate(OneWebhook):
    """A new secret for one of your webhooks."""

    @extend_schema(operation_id="webhooks_rotate", request=EmptyBody, responses={200: WebhookMadeSerializer})
    def post(self, request: Request, key: int) -> Response:
        """Make a new secret, which is in this answer alone. The former one signs beside it for a day."""
        mine = self.mine(key)
        read_body(request, EmptyBody)
        secret = manage.rotate(mine)
        if secret is None:
            raise Http404
        return Response(_with_secret(self.mine(key), secret))


class WebhookTest(OneWebhook):
    """A test of one of your webhooks."""

    @extend_schema(operation_id="webhooks_test", request=EmptyBody, responses={202: DeliverySerializer})
    def post(self, request: Request, key: int) -> Response:
        """Put a test on its way; the log shows what comes of it."""
        mine = self.mine(key)
        read_body(request, EmptyBody)
        with refusals_told():
            message = manage.test(mine)
        ring(WAKES)
        return Response(DeliverySerializer(_in_log(mine, message.message_id)).data, status=202)


class WebhookDeliveries(OneWebhook):
    """The log of one of your webhooks."""

    @extend_schema(operation_id="webhooks_deliveries", responses=DeliveriesSerializer)
    def get(self, request: Request, key: int) -> Response:
        """What it was told or is owed, newest first: the last fifty."""
        return Response(DeliveriesSerializer({"results": deliveries(self.mine(key))}).data)


class WebhookReplay(OneWebhook):
    """One entry of the log, once more."""

    @extend_schema(operation_id="webhooks_replay", request=EmptyBody, responses={202: DeliverySerializer})
    def post(self, request: Request, key: int, delivery: str) -> Response:
        """Send it again now: the same id and body, signed anew. A test is not sent again."""
        mine = self.mine(key)
        read_body(request, EmptyBody)
        message = _in_log(mine, delivery)
        with refusals_told():
            if not manage.replay(mine, message.pk):
                raise Http404
        ring(WAKES)
        return Response(DeliverySerializer(_in_log(mine, delivery)).data, status=202)


def _in_log(webhook: Webhook, message_id: str) -> Message:
    """One of its deliveries, with its calls. Raises Http404."""
    found = deliveries(webhook, message_id)
    if not found:
        raise Http404
    return found[0]


def _with_secret(webhook: Webhook, secret: str) -> Any:
    webhook.secret = secret  # in place of the encrypted one, which no answer shows
    return WebhookMadeSerializer(webhook).data


def _both_sign_until(webhook: Webhook) -> Any:
    until = webhook.previous_secret_until if webhook.previous_secret else None
    return until if until is not None and until > timezone.now() else None
