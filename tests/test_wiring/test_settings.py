"""Settings come from the environment; production does not start with one missing, and says which."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from convoytracker.environment import REQUIRED, Env, kept_secret, refuse_bad_production

GOOD = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "k3yk3y-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "WEBHOOK_KEY": "h00kk3y-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "SITE_URL": "https://convoys.example.org",
    "DATABASE_URL": "postgres://convoys:pw@db.example.org:5432/convoys",
    "REDIS_URL": "redis://redis.example.org:6379/0",
    "EMAIL_URL": "smtp+tls://convoys:p%40ss@mail.example.org:587",
    "DEFAULT_FROM_EMAIL": "convoys@example.org",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with this environment and no other setting."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_complete_production_is_accepted():
    refuse_bad_production(GOOD)


def test_all_that_is_missing_is_named_at_once():
    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_bad_production({"SITE_URL": " "})
    assert all(name in str(refusal.value) for name in REQUIRED)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY is weak"),
        ("SECRET_KEY", "a" * 80, "SECRET_KEY is weak"),
        ("SECRET_KEY", "django-insecure-" + GOOD["SECRET_KEY"], "example: SECRET_KEY"),
        ("WEBHOOK_KEY", "short", "WEBHOOK_KEY is weak"),
        ("WEBHOOK_KEY", GOOD["WEBHOOK_KEY"] + ",short", "WEBHOOK_KEY is weak"),
        ("WEBHOOK_KEY", GOOD["SECRET_KEY"], "WEBHOOK_KEY must be another than SECRET_KEY"),
        ("WEBHOOK_ALSO_ALLOWED", "127.0.0.1:80", "WEBHOOK_ALSO_ALLOWED is for development and tests"),
        ("DATABASE_URL", "postgres://convoys:change-me@db/convoys", "example: DATABASE_URL"),
        ("DATABASE_PASSWORD", "changeme", "example: DATABASE_PASSWORD"),
        ("DATABASE_URL", "sqlite:////tmp/db.sqlite3", "DATABASE_URL must name a PostgreSQL database"),
        ("SITE_URL", "http://convoys.example.org", "SITE_URL must begin with https://"),
    ],
)
def test_a_default_or_weak_value_is_refused(name, value, said):
    with pytest.raises(ImproperlyConfigured, match=said):
        refuse_bad_production({**GOOD, name: value})


def test_a_secret_may_stand_in_a_file(tmp_path: Path):
    file = tmp_path / "secret"
    file.write_text(GOOD["SECRET_KEY"] + "\n")
    env = Env()
    env.ENVIRON = type(env.ENVIRON)({"SECRET_KEY_FILE": str(file)})

    assert env("SECRET_KEY") == GOOD["SECRET_KEY"]


def test_a_secret_file_that_is_not_there_counts_as_missing(tmp_path: Path):
    done = manage("check", **{**GOOD, "SECRET_KEY": "", "SECRET_KEY_FILE": str(tmp_path / "none")})

    assert done.returncode != 0
    assert "not set: SECRET_KEY (" in done.stderr


def test_production_refuses_in_one_sentence():
    done = manage("migrate", ENVIRONMENT="production", SITE_URL=GOOD["SITE_URL"])

    assert done.returncode != 0
    assert done.stderr.startswith("Production cannot start. not set: SECRET_KEY, WEBHOOK_KEY, DATABASE_URL,")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_production_passes_djangos_deployment_check():
    done = manage("check", "--deploy", "--fail-level", "WARNING", **GOOD)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_production_is_strict_and_knows_its_own_host():
    cookies = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"]
    names = [*cookies, "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT", "DEBUG", "DEMO", "EMAIL_HOST_PASSWORD"]
    code = (
        "import json; from django.conf import settings; "
        f"print(json.dumps({{n: getattr(settings, n) for n in {names!r}}}))"
    )
    done = manage("shell", "--no-imports", "-c", code, DEMO="1", **GOOD)

    assert json.loads(done.stdout) == {
        "ALLOWED_HOSTS": ["convoys.example.org"],
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "DEBUG": False,
        "DEMO": False,
        "EMAIL_HOST_PASSWORD": "p@ss",
    }


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ENVIRONMENT": "prod"}, "it may be embedded, demo, test, production"),
        ({"PORT": "abc"}, "PORT is 'abc'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, environment, said):
    done = manage("check", VAR_DIR=str(tmp_path), **environment)

    assert done.returncode != 0
    assert said in done.stderr


def test_an_embedded_secret_is_made_once_for_its_owner_alone(tmp_path: Path):
    first = kept_secret(tmp_path / "var" / "secret_key")

    assert len(first) >= 64
    assert kept_secret(tmp_path / "var" / "secret_key") == first
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
