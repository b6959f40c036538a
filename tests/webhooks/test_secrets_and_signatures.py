"""Secrets are random, shown in the form of the rules and kept encrypted; signatures are the rules' own."""

from __future__ import annotations

import base64
import json
import time

import pytest
from django.core.management import CommandError, call_command
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from convoys.services.webhooks import manage
from convoys.services.webhooks.secrets import UnreadableSecretError, decrypt, encrypt, new_secret, reencrypt
from convoys.services.webhooks.signing import signature, signed_headers
from tests import factories

# Published with the rules' own library.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'


def test_the_published_example_gets_the_published_signature():
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(SECRET, MESSAGE, TIMESTAMP, BODY) == expected


def test_a_secret_is_32_random_bytes_in_the_form_of_the_rules():
    secrets = {new_secret() for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_an_independent_library_accepts_what_we_sign_and_nothing_else():
    secret, body = new_secret(), json.dumps({"type": "test", "name": "Berdzor / Lachin é"}).encode()
    headers = signed_headers([secret], "msg_1", int(time.time()), body)
    assert Verifier(secret).verify(body, headers) == json.loads(body)
    for change in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(time.time()) - 1)}):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, headers | change)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(new_secret()).verify(body, headers)


def test_two_secrets_make_two_signatures_parted_by_a_space_and_each_holder_finds_theirs():
    new, old = new_secret(), new_secret()
    headers = signed_headers([new, old], "msg_1", int(time.time()), BODY)
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Verifier(new).verify(BODY, headers) == Verifier(old).verify(BODY, headers)


def test_a_secret_is_kept_encrypted_and_differently_each_time(settings):
    secret = new_secret()
    assert encrypt(secret) != encrypt(secret)
    assert secret not in encrypt(secret)
    assert decrypt(encrypt(secret)) == secret


def test_the_key_can_be_changed_while_both_are_named_and_the_old_one_goes_afterwards(settings):
    settings.WEBHOOK_KEY = ["the first key, long and random"]
    secret = new_secret()
    kept = encrypt(secret)
    settings.WEBHOOK_KEY = ["the second key, long and random", "the first key, long and random"]
    assert decrypt(kept) == secret
    moved = reencrypt(kept)
    settings.WEBHOOK_KEY = ["the second key, long and random"]
    assert decrypt(moved) == secret
    with pytest.raises(UnreadableSecretError):
        decrypt(kept)


def test_the_key_of_webhooks_is_not_the_one_that_signs_sessions(settings):
    assert settings.SECRET_KEY not in settings.WEBHOOK_KEY


@pytest.mark.django_db
def test_the_command_moves_all_secrets_to_the_first_key_and_names_those_it_cannot_read(settings, capsys):
    settings.WEBHOOK_KEY = ["the first key, long and random"]
    webhook, secret = manage.make(factories.partner(), "https://hooks.example.org/")
    settings.WEBHOOK_KEY = ["the second key, long and random", "the first key, long and random"]
    call_command("reencrypt_webhooks")
    assert "1 webhooks are under the first key." in capsys.readouterr().out
    settings.WEBHOOK_KEY = ["the second key, long and random"]
    webhook.refresh_from_db()
    assert decrypt(webhook.secret) == secret
    settings.WEBHOOK_KEY = ["a third key, long and random"]
    with pytest.raises(CommandError, match=f"{webhook.pk}. Their owners must rotate them."):
        call_command("reencrypt_webhooks")
