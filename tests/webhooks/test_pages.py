"""The pages where people keep their webhooks: their own alone, and each secret once."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from convoys.models import Message, Webhook, WebhookAttempt
from convoys.services.messaging.deliver import deliver_webhooks
from convoys.services.webhooks import manage
from convoys.services.webhooks.secrets import decrypt
from tests import factories
from tests.admin import desk
from tests.webhooks.conftest import is_signed

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.org/convoys"
ACTS = ["rotate", "test", "disable", "enable", "end"]


@pytest.fixture
def partner() -> User:
    return factories.partner()


def secret_on(page: str) -> str:
    (found,) = re.findall(r"whsec_[A-Za-z0-9+/=]{40,}", page)
    return str(found)


def make(user: User) -> Webhook:
    return manage.make(user, URL, "Logistics")[0]


def test_a_webhook_is_made_and_its_secret_shown_once(partner):
    client = desk.signed_in(partner)
    made = client.post("/webhooks", {"url": URL, "description": "Logistics"})
    secret = secret_on(made.content.decode())
    assert made["Cache-Control"] == "private, no-store"
    webhook = Webhook.objects.get()
    assert decrypt(webhook.secret) == secret
    assert secret not in webhook.secret
    for page in ("/webhooks", f"/webhooks/{webhook.pk}"):
        text = client.get(page).content.decode()
        assert "Logistics" in text
        assert not re.search(r"whsec_[A-Za-z0-9+/]{8}", text)
        assert webhook.secret not in text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.org/", "must begin with https://"),
        ("https://127.0.0.1/", "does not lead to a public host"),
        ("https://169.254.169.254/latest/meta-data", "does not lead to a public host"),
        ("https://user:pw@hooks.example.org/", "may not contain a name or password"),
        ("https://hooks.example.org:22/", "port 443 or 8443"),
        ("", "required"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_in_words(partner, url, said):
    answer = desk.signed_in(partner).post("/webhooks", {"url": url})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"),
    [("stranger", 403), ("partner", 200), ("viewer", 200), ("officer", 200), ("coordinator", 200)],
)
def test_who_sees_nothing_can_have_none(who, status):
    client = desk.signed_in(getattr(factories, who)())
    assert client.get("/webhooks").status_code == status
    assert client.post("/webhooks", {"url": URL}).status_code == status
    assert Webhook.objects.exists() == (status == 200)


def test_whoever_is_not_signed_in_signs_in_first(partner):
    webhook = make(partner)
    client = Client()
    for page in ("/webhooks", f"/webhooks/{webhook.pk}"):
        assert "/accounts/login/" in client.get(page)["Location"]
    for act in ACTS:
        assert "/accounts/login/" in client.post(f"/webhooks/{webhook.pk}/{act}")["Location"]


@pytest.mark.parametrize("who", ["another partner", "the same organisation", "coordinator", "administrator"])
def test_anothers_webhook_does_not_exist(partner, who):
    webhook = make(partner)
    message = manage.test(webhook)
    other = {
        "another partner": lambda: factories.partner("others"),
        "the same organisation": lambda: factories.user("colleague", organisation=partner.organisation),
        "coordinator": factories.coordinator,
        "administrator": factories.administrator,
    }[who]()
    client = desk.signed_in(other)
    assert client.get(f"/webhooks/{webhook.pk}").status_code == 404
    for act in ACTS:
        assert client.post(f"/webhooks/{webhook.pk}/{act}").status_code == 404
    assert client.post(f"/webhooks/{webhook.pk}/replay/{message.pk}").status_code == 404
    assert "Logistics" not in client.get("/webhooks").content.decode()
    kept = Webhook.objects.get()
    assert (kept.secret, kept.disabled_at, kept.ended_at) == (webhook.secret, None, None)


def test_anothers_delivery_cannot_be_replayed_through_ones_own_webhook(partner):
    mine, theirs = make(partner), make(factories.partner("others"))
    message = manage.test(theirs)
    Message.objects.filter(pk=message.pk).update(telling="step", state="sent")
    assert desk.signed_in(partner).post(f"/webhooks/{mine.pk}/replay/{message.pk}").status_code == 404
    assert Message.objects.get().state == "sent"


def test_nothing_is_done_by_get_or_without_the_forms_token(partner):
    webhook = make(partner)
    client = desk.signed_in(partner)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(partner)
    assert strict.post("/webhooks", {"url": URL}).status_code == 403
    for act in ACTS:
        assert client.get(f"/webhooks/{webhook.pk}/{act}").status_code == 405
        assert strict.post(f"/webhooks/{webhook.pk}/{act}").status_code == 403
    assert Webhook.objects.count() == 1
    assert Webhook.objects.get().secret == webhook.secret


def test_the_test_button_sends_and_the_log_shows_what_came_of_it(partner, receiver):
    webhook, secret = manage.make(partner, receiver.url(), "Logistics")
    client = desk.signed_in(partner)
    page = client.post(f"/webhooks/{webhook.pk}/test", follow=True).content.decode()
    assert "A test is on its way" in page
    assert 'http-equiv="refresh"' in page  # looks again by itself until the result is there
    deliver_webhooks()
    page = client.get(f"/webhooks/{webhook.pk}").content.decode()
    assert "Accepted." in page
    assert "HTTP 204" in page
    assert 'http-equiv="refresh"' not in page
    assert is_signed(receiver.calls[0], secret)


def test_a_rotation_shows_the_new_secret_once(partner):
    webhook = make(partner)
    client = desk.signed_in(partner)
    answer = client.post(f"/webhooks/{webhook.pk}/rotate")
    secret = secret_on(answer.content.decode())
    kept = Webhook.objects.get()
    assert decrypt(kept.secret) == secret
    assert kept.previous_secret == webhook.secret
    page = client.get(f"/webhooks/{webhook.pk}").content.decode()
    assert "the one before signs too" in page
    assert secret not in page


def test_disabled_enabled_ended(partner):
    webhook = make(partner)
    client = desk.signed_in(partner)
    address = f"/webhooks/{webhook.pk}"
    page = client.post(f"{address}/disable", follow=True).content.decode()
    assert "Disabled by hand." in page
    assert "enable it first" in client.post(f"{address}/test", follow=True).content.decode()
    assert not Message.objects.exists()
    client.post(f"{address}/enable")
    assert Webhook.objects.get().disabled_at is None
    assert client.post(f"{address}/end")["Location"] == "/webhooks"
    assert client.get(address).status_code == 404
    assert client.post(f"{address}/rotate").status_code == 404
    assert "You have no webhooks." in client.get("/webhooks").content.decode()


def test_tests_are_so_many_an_hour_and_webhooks_so_many_a_person(partner):
    webhook = make(partner)
    client = desk.signed_in(partner)
    for _ in range(manage.MOST_TESTS_AN_HOUR):
        client.post(f"/webhooks/{webhook.pk}/test")
    assert "Enough tests" in client.post(f"/webhooks/{webhook.pk}/test", follow=True).content.decode()
    assert Message.objects.count() == manage.MOST_TESTS_AN_HOUR
    for _ in range(manage.MOST_A_PERSON - 1):
        make(partner)
    assert "too many webhooks" in client.post("/webhooks", {"url": URL}).content.decode()


def test_the_log_does_not_grow_by_queries(partner, django_assert_max_num_queries):
    webhook = make(partner)
    for _ in range(15):
        manage.test(webhook)
    client = desk.signed_in(partner)
    with django_assert_max_num_queries(14):
        client.get(f"/webhooks/{webhook.pk}")


# --- the desk


@pytest.mark.parametrize(
    ("who", "status"), [("viewer", 403), ("officer", 403), ("coordinator", 200), ("administrator", 200)]
)
def test_coordinators_see_all_webhooks_and_no_secret(partner, who, status):
    webhook = make(partner)
    manage.rotate(webhook)
    manage.test(webhook)
    kept = Webhook.objects.get()
    client = desk.signed_in(getattr(factories, who)())
    for page in (
        reverse("admin:convoys_webhook_changelist"),
        reverse("admin:convoys_webhook_change", args=[kept.pk]),
        reverse("admin:convoys_webhookattempt_changelist"),
    ):
        answer = client.get(page)
        assert answer.status_code == status
        text = answer.content.decode()
        for secret in (
            kept.secret,
            kept.previous_secret,
            decrypt(kept.secret),
            decrypt(kept.previous_secret),
        ):
            assert secret not in text


def test_a_coordinator_disables_and_enables_and_others_do_not(partner):
    webhook = make(partner)
    disable = reverse("admin:convoys_webhook_disable", args=[webhook.pk])
    enable = reverse("admin:convoys_webhook_enable", args=[webhook.pk])
    desk.signed_in(factories.officer()).post(disable)
    assert Webhook.objects.get().disabled_at is None
    coordinator = desk.signed_in(factories.coordinator())
    assert coordinator.get(disable).status_code == 404
    coordinator.post(disable)
    assert Webhook.objects.get().disabled_at is not None
    coordinator.post(enable)
    assert Webhook.objects.get().disabled_at is None


def test_nobody_writes_a_webhook_through_the_admins_own_form(partner):
    webhook = make(partner)
    client = desk.signed_in(factories.administrator())
    change = reverse("admin:convoys_webhook_change", args=[webhook.pk])
    client.post(change, {"url": "https://elsewhere.example.org/", "secret": "x"})
    assert Webhook.objects.get().url == URL
    assert client.get(reverse("admin:convoys_webhook_add")).status_code == 403


def test_the_desks_front_page_shows_webhooks_that_are_called_no_more(partner):
    webhook = make(partner)
    client = desk.signed_in(factories.coordinator())
    manage.switch_off(webhook)
    assert "Webhook disabled" not in client.get("/admin/").content.decode()
    Webhook.objects.update(disabled_because="It answered 410 Gone.")
    assert "It answered 410 Gone." in client.get("/admin/").content.decode()


def test_a_failed_test_is_its_owners_own_concern(partner):
    message = manage.test(make(partner))
    Message.objects.filter(pk=message.pk).update(state="failed")
    assert (
        "Everybody who should know was told."
        in desk.signed_in(factories.officer()).get("/admin/").content.decode()
    )
    assert WebhookAttempt.objects.filter(began_at__lte=timezone.now()).exists()
