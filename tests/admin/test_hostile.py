"""Crafted posts to the desk: wrong people, entries of other convoys, huge texts, odd files, no token."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from convoys.models import Claim, Document, Event, LedgerEntry
from tests import factories
from tests.admin import desk
from tests.admin.test_permissions import person

ACTS = ["record", "account", "answer", "retract", "correct", "several", "erase", "register", "still there"]


def hold(reference: str = "C-1") -> Event:
    return Event.objects.filter(kind="held", convoy__reference=reference).latest("sequence")


def address(act: str) -> str:
    event = hold()
    claim = Claim.objects.get(target_event=event)
    return {
        "record": lambda: desk.act("C-1", "record", "released"),
        "account": lambda: desk.act("C-1", "account", "event", str(event.chain)),
        "answer": lambda: desk.act("C-1", "account", "claim", str(claim.chain)),
        "retract": lambda: desk.act("C-1", "retract", event.sequence),
        "correct": lambda: desk.act("C-1", "correct", event.sequence),
        "several": lambda: desk.act("C-1", "several") + "?kind=released&kind=held",
        "erase": lambda: desk.act("C-1", "erase", claim.chain),
        "register": lambda: reverse("admin:convoys_convoy_register"),
        "still there": lambda: reverse("admin:convoys_convoy_still_there"),
    }[act]()


def filled(act: str, administrator: Client) -> dict[str, Any]:
    """What a person who may would send, so that nothing but the sender is wrong."""
    claim = Claim.objects.get(target_event=hold())
    if act == "erase":
        return {"entries": [claim.sequence], "reason": "x", "confirmed": "yes"}
    typed = desk.opened(administrator, address(act)) | desk.SOURCE | {"reason": "A slip."}
    if act == "several":
        typed |= {"kind": ["released", "held"], "r0-day": "2026-03-03", "r1-day": "2026-03-04"}
        typed |= {f"r0-{name}": value for name, value in desk.SOURCE.items()}
    return typed | ({"reference": "C-9"} if act == "register" else {})


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", ["stranger", "partner", "staff without a role", "viewer"])
def test_who_may_only_read_writes_nothing(act: str, name: str, held: str, administrator: Client) -> None:
    typed, client, before = filled(act, administrator), person(name), LedgerEntry.objects.count()
    for response in (client.post(address(act), typed), client.get(address(act))):
        assert response.status_code in (302, 403)
        assert response.status_code == 403 or "login" in response["Location"]
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize("act", ACTS)
def test_without_the_token_of_its_form_nothing_is_written(act: str, held: str, administrator: Client) -> None:
    typed = filled(act, administrator)
    typed.pop("csrfmiddlewaretoken", None)
    client, before = Client(enforce_csrf_checks=True), LedgerEntry.objects.count()
    client.cookies = administrator.cookies
    response = client.post(address(act), typed)
    assert response.status_code == 403
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize("act", ["account", "answer", "retract", "correct"])
def test_an_entry_of_another_convoy_is_not_found_under_this_one(
    act: str, held: str, administrator: Client
) -> None:
    typed = filled(act, administrator)
    url = address(act)
    factories.make_held_convoy("C-2")
    mine, theirs = (
        Event.objects.get(kind="held", convoy__reference=name).convoy_id for name in ("C-1", "C-2")
    )
    crafted = url.replace(f"/convoy/{mine}/", f"/convoy/{theirs}/")
    assert crafted != url
    before = LedgerEntry.objects.count()
    assert administrator.get(crafted).status_code == 404
    assert administrator.post(crafted, typed).status_code == 404
    assert LedgerEntry.objects.count() == before


def test_five_megabytes_of_text_are_refused(held: str, administrator: Client) -> None:
    act = "account"
    typed = filled(act, administrator) | {"statement": "x" * 5_000_000}
    before = LedgerEntry.objects.count()
    response = administrator.post(address(act), typed)
    assert response.status_code == 400
    assert LedgerEntry.objects.count() == before
    assert len(response.content) < 200_000


@pytest.mark.parametrize("act", ["account", "answer", "retract", "correct", "several"])
def test_sent_twice_it_is_written_once(act: str, held: str, administrator: Client) -> None:
    typed = filled(act, administrator)
    if act == "correct":
        typed |= {"day": "2026-03-03", "time": "", "precision": ""}
    url = address(act)
    first = administrator.post(url, typed)
    assert first.status_code == 302, desk.problems_of(first)
    count = LedgerEntry.objects.count()
    assert administrator.post(url, typed).status_code in (302, 404), (
        "written already, or no more to take back"
    )
    assert LedgerEntry.objects.count() == count


@pytest.mark.parametrize(
    ("act", "kept"), [("account", "statement"), ("retract", "reason"), ("correct", "reason")]
)
def test_when_somebody_was_faster_what_was_typed_stands_and_can_be_sent_again(
    act: str, kept: str, held: str, administrator: Client
) -> None:
    words = "Word for word what I typed."
    typed = filled(act, administrator) | {kept: words, "day": "2026-03-03", "time": "", "precision": ""}
    url = address(act)
    factories.tell(held, "seen", "2026-03-05T08:00", place="junction")
    response = administrator.post(url, typed)
    text = desk.text_of(response)
    assert response.status_code == 409
    assert "has a newer entry than the one you saw" in text
    again = desk.form_in(text)
    assert again[kept] == words
    assert administrator.post(url, again).status_code == 302


# --- documents


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"0" * 20_000_000)
    return packed.getvalue()


REFUSED = {
    "bomb.zip": zip_bomb(),
    "bomb.pdf": gzip.compress(b"0" * 20_000_000),
    "run.exe": b"MZ\x90\x00" + b"\x00" * 100,
    "a.docx": zip_bomb(),
    "empty.pdf": b"",
    "sound.png": b"ID3\x03\x00\x00\x00\x00",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_document_is_refused_beside_its_field(name: str, held: str, officer: Client) -> None:
    before = LedgerEntry.objects.count()
    file = SimpleUploadedFile(name, REFUSED[name], "application/pdf")
    response = desk.send(officer, address("account"), **desk.SOURCE, statement="Kept.", document=file)
    text = desk.text_of(response)
    assert response.status_code == 200
    assert 'id="id_document_error"' in text
    assert "choose it once more" in text
    assert desk.form_in(text)["statement"] == "Kept."
    assert (LedgerEntry.objects.count(), Document.objects.count()) == (before, 0)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        (
            "drawing.svg",
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            "text/plain",
        ),
        ("picture.png", b"<!doctype html><script>alert(1)</script>", "text/html"),
        ("page.html", b"<script>alert(1)</script>", "text/plain"),
    ],
)
def test_whatever_was_kept_is_handed_out_as_a_download_that_runs_nothing(
    name: str, content: bytes, media_type: str, held: str, officer: Client
) -> None:
    file = SimpleUploadedFile("x.txt", content)
    file._name = name  # type: ignore[attr-defined]  # as a crafted request names it
    response = desk.send(officer, address("account"), **desk.SOURCE, document=file)
    assert response.status_code == 302, desk.problems_of(response)
    kept = Document.objects.get()
    served = officer.get(reverse("board:document", args=[kept.sha256]))
    assert served["Content-Type"].startswith(media_type)
    assert served["Content-Disposition"].startswith("attachment")
    assert served["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in served["Content-Security-Policy"]
    assert b"".join(served.streaming_content) == content  # type: ignore[attr-defined]


def test_the_form_of_an_account_sends_its_file(held: str, officer: Client) -> None:
    for act in ("account", "answer"):
        assert 'enctype="multipart/form-data"' in officer.get(address(act)).content.decode()
