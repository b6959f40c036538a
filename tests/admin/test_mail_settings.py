"""Coordinators say where mail servers report what they cannot deliver."""

from __future__ import annotations

import pytest
from django.urls import reverse

from convoys.models import MailSettings
from tests import factories
from tests.admin import desk

URL = "/admin/convoys/mailsettings/1/change/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "keeps"),
    [
        ("stranger", False), ("partner", False), ("viewer", False), ("officer", False),
        ("coordinator", True), ("administrator", True),
    ],
)  # fmt: skip
def test_coordinators_set_the_address(who: str, keeps: bool) -> None:
    client = desk.signed_in(getattr(factories, who)())
    assert (client.get(URL).status_code == 200) is keeps
    client.post(URL, {"bounce_address": "bounces@example.org"})
    assert MailSettings.objects.filter(bounce_address="bounces@example.org").exists() is keeps


@pytest.mark.django_db
def test_there_is_one_and_only_an_address_is_taken() -> None:
    client = desk.signed_in(factories.coordinator())
    answer = client.get(reverse("admin:convoys_mailsettings_changelist"))
    assert answer["Location"] == URL
    page = client.post(URL, {"bounce_address": "bounces@example.org\nBcc: all@example.org"})
    assert "Enter a valid email address." in page.content.decode()
    assert client.get("/admin/convoys/mailsettings/2/change/").status_code == 302
    assert not MailSettings.objects.exists()
    for address in ("a@example.org", "b@example.org", ""):
        client.post(URL, {"bounce_address": address})
        assert MailSettings.objects.get().bounce_address == address
