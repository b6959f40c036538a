"""The local mail page: embedded copy, own machine, staff; nothing outside the folder, nothing active."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings, tmp_path):
    settings.ENVIRONMENT, settings.MAIL_DIR = "embedded", tmp_path
    message = EmailMessage()
    message["Subject"], message["To"], message["Date"] = (
        "Held 3 days: C-1",
        "a@example.org",
        "Thu, 05 Mar 2026 12:00:00 +0000",
    )
    message["Message-ID"] = "<one@example.org>"
    message.set_content("HELD 3 DAYS: C-1 <at> the junction")
    message.add_alternative("<p style='color:red'>Held</p><script>alert(1)</script>", subtype="html")
    (tmp_path / "20260305T120000.1-1-0.eml").write_bytes(message.as_bytes())
    (tmp_path.parent / "outside.eml").write_bytes(message.as_bytes())
    return tmp_path


NAME = "20260305T120000.1-1-0.eml"


def test_staff_list_and_read_the_mails(signed_in, folder):
    client = signed_in(make.officer())
    listed = client.get("/mail").content.decode()
    assert "Held 3 days: C-1" in listed
    assert "a@example.org" in listed
    shown = client.get(f"/mail/{NAME}").content.decode()
    assert "HELD 3 DAYS: C-1 &lt;at&gt; the junction" in shown
    assert "<script>alert(1)" not in shown
    assert 'sandbox="allow-popups"' in shown


def test_the_html_part_may_do_nothing_but_look(signed_in, folder):
    response = signed_in(make.officer()).get(f"/mail/{NAME}/html")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "name", ["..%2Foutside.eml", "outside.eml", "%2E%2E", ".eml", "x%00.eml", "nothing.eml"]
)
def test_nothing_outside_the_folder_can_be_named(signed_in, folder, name):
    assert signed_in(make.officer()).get(f"/mail/{name}").status_code == 404


def test_others_get_404(signed_in, folder, settings):
    assert signed_in(make.partner()).get("/mail").status_code == 404
    officer = signed_in(make.officer())
    assert officer.get("/mail", REMOTE_ADDR="10.0.0.7").status_code == 404
    settings.ENVIRONMENT = "production"
    assert officer.get("/mail").status_code == 404
    assert officer.get(f"/mail/{NAME}").status_code == 404


def test_a_broken_file_does_not_hide_the_others(signed_in, folder):
    (folder / "20260305T130000.1-1-1.eml").write_bytes(b"\xff\xfe no mail at all")
    text = signed_in(make.officer()).get("/mail").content.decode()
    assert "Held 3 days: C-1" in text
    assert "no subject" in text


def test_a_member_of_staff_without_a_role_reads_no_mails(signed_in, folder):
    assert signed_in(make.user("nobody_yet", is_staff=True)).get("/mail").status_code == 404
