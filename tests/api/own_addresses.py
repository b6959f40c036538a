"""Addresses of what a program manages of its own, made by one owner: everybody else meets a 404."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.tokens import issue_token
from convoys.services import replying
from convoys.services.alerting.subscriptions import Wish, subscribe
from convoys.services.webhooks import manage
from tests import factories as make

# By the router's name: the address, and the methods that it has. {own} stands for the key of one
# that the owner made; lists are everybody's, each of their own.
LISTS = {
    "tokens": ("tokens", {"GET", "POST"}),
    "claims": ("claims", {"GET", "POST"}),
    "subscriptions": ("subscriptions", {"GET", "POST"}),
    "webhooks": ("webhooks", {"GET", "POST"}),
}
DETAILS = {
    "token": ("tokens/{own}", {"GET", "DELETE"}),
    "claim": ("claims/{own}", {"GET", "DELETE"}),
    "subscription": ("subscriptions/{own}", {"GET", "PATCH", "DELETE"}),
    "webhook": ("webhooks/{own}", {"GET", "PATCH", "DELETE"}),
    "webhook-rotate": ("webhooks/{own}/rotate", {"POST"}),
    "webhook-test": ("webhooks/{own}/test", {"POST"}),
    "webhook-deliveries": ("webhooks/{own}/deliveries", {"GET"}),
    "webhook-replay": ("webhooks/{own}/deliveries/{delivery}/replay", {"POST"}),
}
OWN = LISTS | DETAILS


@dataclass
class Property:
    """One person with one of everything, and its address by the router's name."""

    owner: User
    addresses: dict[str, str]


def owner() -> User:
    """Somebody who is not of the cast, with a convoy that all partners see."""
    person = make.partner("third_society")
    make.make_convoy("THEIRS", declares={"sponsors": ["third_society"]}, visible_to="all_partners")
    return person


def property_of(owner: User) -> Property:
    event = make.tell("THEIRS", "departed", "2026-03-01T08:00", place="harbour", audience="partners")
    reply = replying.Reply("denies", "It was not so.", "carrier_staff", event=event)
    webhook, _secret = manage.make(owner, "https://hooks.example.org/convoys")
    delivery = manage.test(webhook)
    keys: dict[str, Any] = {
        "token": issue_token(owner, "one")[0].pk,
        "claim": replying.offer(owner, reply)[0].uuid,
        "subscription": subscribe(owner, Wish(convoy="THEIRS")).pk,
        "webhook": webhook.pk,
    }
    kinds = {name: name.partition("-")[0] for name in DETAILS}
    return Property(
        owner,
        {
            name: path.format(own=keys[kinds[name]], delivery=delivery.message_id)
            for name, (path, _) in DETAILS.items()
        },
    )
