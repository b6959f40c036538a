"""A document that a claim rests on is kept once, checked by its bytes, and named in the ledger."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from convoys.errors import InvalidInput
from convoys.models import Claim, Convoy, Document, triggers
from convoys.queries.api_ledger import entry_told
from convoys.queries.verification import verify
from convoys.queries.visibility import Viewer
from convoys.services.changes import Claim as ClaimStep
from convoys.services.changes import Correct, FileToKeep, Target
from convoys.services.documents import MOST_BYTES, check_file, media_type_of
from convoys.services.erasing import erase_words
from tests import factories as make

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 a waybill"
PAGE = b"<!doctype html><script>alert(1)</script>"


def keep(content: bytes = PDF, name: str = "waybill.pdf", **more: object) -> Claim:
    """A held convoy, with a further account that rests on this file."""
    make.make_held_convoy()
    held = Convoy.objects.get().hold_chain
    account = make.account(document=FileToKeep(name, content), **more)
    (sequences,) = make.apply(ClaimStep(Target(chain=held), account)).sequences
    return Claim.objects.get(pk=sequences[0])


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_document_is_kept_with_its_digest_in_the_ledger() -> None:
    claim = keep()

    assert claim.document_sha256 == hashlib.sha256(PDF).hexdigest()
    kept = Document.objects.get()
    assert (bytes(kept.content), kept.media_type, kept.size) == (PDF, "application/pdf", len(PDF))
    assert verify().flaw is None


def test_another_digest_on_the_claim_is_found_by_the_verifier() -> None:
    claim = keep()
    triggers.remove(connection)
    Claim.objects.filter(pk=claim.pk).update(document_sha256="0" * 64)
    triggers.install(connection)

    assert verify().flaw.sequence == claim.pk


def test_another_content_under_the_same_digest_is_found_by_the_verifier() -> None:
    claim = keep()
    triggers.remove(connection)
    Document.objects.update(content=b"%PDF-forged")
    triggers.install(connection)

    assert verify().flaw.sequence == claim.pk


def test_erasing_the_words_takes_the_document_out_and_the_ledger_stays_honest() -> None:
    claim = keep()

    erase_words(claim.pk, "a person asked for it", make.administrator())

    assert not Document.objects.exists()
    assert Claim.objects.get(pk=claim.pk).document_sha256
    assert verify().flaw is None


def test_a_document_that_another_account_rests_on_stays() -> None:
    claim = keep()
    again = make.account(speaker="Another", document=FileToKeep("copy.pdf", PDF))
    make.apply(ClaimStep(Target(chain=claim.target_event_id), again))

    erase_words(claim.pk, "a person asked for it", make.administrator())

    assert Document.objects.exists()
    assert verify().flaw is None


def test_the_database_refuses_to_change_a_document() -> None:
    keep()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Document.objects.update(content=b"another")


def test_the_same_file_is_stored_once() -> None:
    claim = keep()
    again = make.account(speaker="Another", document=FileToKeep("copy.pdf", PDF))
    make.apply(ClaimStep(Target(chain=claim.target_event_id), again))

    assert Document.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("empty.pdf", b"", "empty"),
        ("program.pdf", b"MZ\x90\x00\x03binary", "Keep a PDF"),
        ("large.pdf", b"%PDF-" + b"x" * MOST_BYTES, "10 MB"),
        ("", PDF, "needed"),
    ],
)
def test_what_may_not_be_kept_is_refused_and_nothing_is_written(name: str, content: bytes, word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        keep(content, name)

    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n..", "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (PAGE, "text/html"),
        (b"Ehrlich gesagt: nichts.", "text/plain"),
        (b"\x7fELF\x02\x01\x01\x00", None),
    ],
)
def test_the_type_is_told_by_the_bytes(content: bytes, media_type: str | None) -> None:
    assert media_type_of(content) == media_type


def test_a_name_with_folders_in_it_names_none() -> None:
    assert check_file(FileToKeep(name="../../etc\\passwd.txt", content=b"root"))[0] == ".._.._etc_passwd.txt"


def test_a_correction_without_a_file_keeps_the_document() -> None:
    claim = keep()

    make.apply(Correct(claim.pk, make.account(statement="Better."), "misread"), author=make.coordinator())

    assert Claim.objects.latest("sequence").document_sha256 == claim.document_sha256


def test_a_saved_page_is_handed_out_as_a_download_and_never_shown() -> None:
    claim = keep(PAGE, "page.html")

    response = signed_in(make.partner()).get(reverse("board:document", args=[claim.document_sha256]))

    assert response.status_code == 200
    assert response["Content-Disposition"] == 'attachment; filename="page.html"'
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert b"".join(response.streaming_content) == PAGE  # type: ignore[attr-defined]


def test_only_who_may_read_the_account_and_its_source_gets_the_document() -> None:
    make.organisation("another")
    claim = keep(is_confidential=True)
    url = reverse("board:document", args=[claim.document_sha256])

    assert signed_in(make.officer()).get(url).status_code == 200
    assert signed_in(make.partner()).get(url).status_code == 404
    assert signed_in(make.partner("another")).get(url).status_code == 404
    assert Client().get(url).status_code == 302


def test_a_proof_does_not_name_the_document_of_a_confidential_source() -> None:
    claim = keep(is_confidential=True)

    proof = entry_told(Viewer(is_staff=False, organisation="aid_society"), claim.pk)
    whole = entry_told(Viewer(is_staff=True), claim.pk)

    assert proof is not None
    assert whole is not None
    assert proof.withheld == ("detail", "words")
    assert (proof.groups["detail"].salt, proof.groups["detail"].fields) == (None, None)
    assert claim.document_sha256 in str(whole.groups["detail"].fields)


def test_an_officer_adds_a_document_in_the_admin() -> None:
    make.make_held_convoy()
    convoy = Convoy.objects.get()
    url = reverse("admin:convoys_convoy_account", args=[convoy.pk, "event", convoy.hold_chain])
    client = signed_in(make.officer())
    form = client.get(url).context["form"]
    posted = {name: form[name].value() or "" for name in form.fields} | {
        "speaker": "A driver",
        "speaker_kind": "carrier_staff",
        "document": SimpleUploadedFile("waybill.pdf", PDF),
    }

    response = client.post(url, posted)

    assert response.status_code == 302, response.context["form"].errors
    assert Document.objects.get().name == "waybill.pdf"


def test_a_file_far_too_large_is_told_so_in_the_form() -> None:
    make.make_held_convoy()
    convoy = Convoy.objects.get()
    url = reverse("admin:convoys_convoy_account", args=[convoy.pk, "event", convoy.hold_chain])
    client = signed_in(make.officer())

    response = client.post(
        url, {"document": SimpleUploadedFile("big.pdf", b"%PDF-" + b"x" * (13 * 1024 * 1024))}
    )

    assert response.status_code == 200
    assert "too large" in response.content.decode()
    assert not Document.objects.exists()
