"""A webhook that is slow or dead keeps neither mail nor another webhook waiting."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from convoys.models import Channel, Message
from convoys.services.messaging import deliver as deliver_module
from convoys.services.messaging.deliver import deliver, deliver_webhooks
from convoys.services.webhooks import send as send_module
from convoys.services.webhooks.post import post
from tests import factories
from tests.alerting.conftest import default_held_policy, subscribe
from tests.webhooks.hooks import Hook, later
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db


def test_a_webhook_that_hangs_keeps_no_other_waiting(sweep, clock, receiver, settings, monkeypatch):
    """Given: one that never answers; then: the other was called before the first was given up."""
    monkeypatch.setattr(send_module, "post", lambda url, body, headers: post(url, body, headers, seconds=1.0))
    dead = Receiver()
    dead.always = Receiver.SILENT
    settings.WEBHOOK_ALSO_ALLOWED = [f"127.0.0.1:{server.port}" for server in (dead, receiver)]
    Hook(dead)
    Hook(receiver, factories.officer())
    factories.make_held_convoy("C-1")
    factories.make_held_convoy("C-2")
    assert sweep(hours=24).notifications == 4
    done = deliver_webhooks()
    assert done.sent == 2
    assert len(receiver.calls) == 2
    assert len(dead.calls) == 1  # its second message is left for the next run
    assert done.postponed == 1
    dead.stop()


def test_what_is_new_goes_before_what_a_dead_webhook_did_not_accept(
    sweep, clock, receiver, settings, monkeypatch
):
    """Given: a run as long as one call; then: news for a living webhook does not wait behind old calls."""
    monkeypatch.setattr(send_module, "post", lambda url, body, headers: post(url, body, headers, seconds=0.5))
    dead = Receiver()
    dead.always = Receiver.SILENT
    settings.WEBHOOK_ALSO_ALLOWED = [f"127.0.0.1:{server.port}" for server in (dead, receiver)]
    Hook(dead)
    factories.make_held_convoy("C-1")
    sweep(hours=24)
    deliver_webhooks()
    later(clock)
    Hook(receiver, factories.officer())
    factories.make_held_convoy("C-2")
    clock.shift(timedelta(minutes=2))
    assert sweep().notifications == 2
    monkeypatch.setitem(deliver_module.RUN_SECONDS, Channel.WEBHOOK, 0.0)  # one round, and it is over
    assert deliver_webhooks().sent == 1
    assert [json.loads(call.body)["data"]["convoy"] for call in receiver.calls] == ["C-2"]
    dead.stop()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_mail_goes_out_while_a_webhook_hangs(sweep, clock, receiver, post_office):
    """Given a call that is under way and not answered; when mails are due; then they leave at once."""
    default_held_policy()
    receiver.always = Receiver.SILENT
    hook = Hook(receiver)
    subscribe(hook.user)
    factories.make_held_convoy()
    assert sweep(hours=24).notifications == 2
    calling = threading.Thread(target=in_its_own_connection(deliver_webhooks))
    calling.start()
    until(lambda: receiver.calls)
    assert deliver().sent == 1
    assert Message.objects.get(channel="webhook").state == "sending"
    receiver.stop()
    calling.join(20)
    assert Message.objects.get(channel="webhook").state == "pending"


def in_its_own_connection(act: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    return run


def until(holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
