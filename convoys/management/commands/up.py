"""`manage.py up`: the whole tracker on this machine, in the foreground."""

from __future__ import annotations

import http.client
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from convoytracker.supervisor import broker
from convoytracker.supervisor.child import Spec
from convoytracker.supervisor.lines import Printer
from convoytracker.supervisor.preflight import Refusal, check_disk, check_port, only_copy
from convoytracker.supervisor.supervise import Supervisor

HOST = "127.0.0.1"
# Five lines at every start, for those who run this copy as root: it listens to this machine alone.
AS_ROOT = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
STOP_ORDER = ("beat", "worker", "web", "broker")


class Command(BaseCommand):
    help = "Run broker, web server, worker and beat in the foreground until Ctrl-C."
    # On the first start there is no database to check yet; see `_prepare`.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--prepare", action="store_true", help="bring the database up to date first")
        parser.add_argument("--demo", action="store_true", help="load the demonstration first")

    def handle(self, *args: Any, prepare: bool, demo: bool, **options: Any) -> None:
        if settings.ENVIRONMENT == "production":
            raise CommandError("`up` is for an embedded instance; production runs each part as a service.")
        self.printer = Printer()
        folder = Path(settings.VAR_DIR)
        try:
            with only_copy(folder, settings.SITE_URL):
                check_disk(folder)
                check_port(HOST, settings.PORT)
                specs = [*self._broker_specs(folder), *self._python_specs()]
                self._prepare(prepare, demo)
                self.say("starting " + ", ".join(spec.name for spec in specs))
                Supervisor(
                    specs,
                    stop_order=STOP_ORDER,
                    folder=folder,
                    is_up=web_answers,
                    announce=self._announce,
                    printer=self.printer,
                ).run()
        except Refusal as refusal:
            self.say(str(refusal))
            sys.exit(refusal.code)
        except KeyboardInterrupt:
            self.say("stopped before anything was started")
            sys.exit(130)

    def say(self, line: str) -> None:
        self.printer.say("up", line)

    def _prepare(self, prepare: bool, demo: bool) -> None:
        if prepare:
            self.say("bringing the database up to date")
            call_command("migrate", interactive=False, verbosity=0)
        self.check()
        if demo:
            self.say("loading the demonstration")
            call_command("load_demo")

    def _broker_specs(self, folder: Path) -> list[Spec]:
        """The embedded broker, or none where REDIS_URL names another."""
        socket = settings.BROKER_SOCKET
        if socket is None:
            return []
        program = broker.find_server()
        data = folder / "broker"
        broker.make_room(socket, data)
        argv = broker.command_line(program, socket, data)
        return [Spec("broker", argv, grace=0.8, hushed=broker.HUSHED)]

    def _python_specs(self) -> list[Spec]:
        def queue_is_there() -> bool:
            return settings.BROKER_SOCKET is None or broker.answers(settings.BROKER_SOCKET)

        python = [sys.executable, "-m"]
        celery = [*python, "celery", "--quiet", "--app", "convoytracker"]
        web = [*python, "granian", "--interface", "wsgi", "--host", HOST, "--port", str(settings.PORT)]
        web += ["--http", "1", "--no-ws", "--workers", "1", "--blocking-threads", "4"]
        web += ["--backpressure", "16"]
        web += ["--respawn-failed-workers", "--workers-kill-timeout", "1"]
        worker = [*celery, "worker", "--pool", "threads", "--concurrency", "4"]
        worker += ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        beat = [*celery, "beat", "--pidfile=", "--loglevel", "INFO"]
        return [
            Spec("web", [*web, "convoytracker.wsgi:application"], grace=1.3),
            Spec("worker", worker, env=AS_ROOT, grace=2.2, starts_when=queue_is_there),
            Spec("beat", beat, grace=0.7, starts_when=queue_is_there),
        ]

    def _announce(self) -> None:
        self.say("")
        self.say(f"The tracker is at {settings.SITE_URL}")
        for line in sign_in_lines(Path(settings.VAR_DIR) / "demo.json"):
            self.say(f"  {line}")
        if settings.BROKER_SOCKET is not None:
            self.say(f"Mails are written to {Path(settings.VAR_DIR) / 'mail'}. Ctrl-C stops everything.")
        self.say("")


def web_answers() -> bool:
    """Whether the web server answers /healthz now."""
    connection = http.client.HTTPConnection(HOST, settings.PORT, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def sign_in_lines(path: Path) -> list[str]:
    """The demonstration's sign-ins as lines to read and copy from; none where there is no demonstration."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    lines = []
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            continue
        lines.append(f"{name:<12} {entry.get('username', '')}  {entry.get('password', '')}")
        if "token" in entry:
            lines.append(f"{'':<12} token {entry['token']}")
    return [*lines, f"kept in {path}"] if lines else []
