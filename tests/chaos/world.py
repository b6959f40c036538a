"""A deployment that a test starts, breaks and mends, with the people and convoys in it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from celery import current_app
from django.db.models import Max, Min
from django.utils import timezone

from accounts.models import User
from convoys.models import Message, MessageState, Notification, NotificationState, Sweep
from convoys.services.changes import Record, When, convoy
from tests import factories
from tests.alerting.conftest import subscribe
from tests.chaos.audit import Figures, Step, audit, left_over, untold
from tests.chaos.clock import Clock
from tests.chaos.mail_server import MailServer
from tests.chaos.processes import BEAT, PATIENCE, WORKER, Nursery, Process, RedisServer

LOOK_EVERY = 0.03
AT_ONCE = 50  # convoys in one change set


class World:
    """`up()` starts all of it. Times are the test's clock, which all processes share."""

    def __init__(
        self, nursery: Nursery, redis: RedisServer, mail_server: MailServer, clock: Clock, folder: Path
    ) -> None:
        self.nursery, self.redis, self.mail_server = nursery, redis, mail_server
        self.clock, self.folder = clock, folder
        self.processes: list[Process] = []
        self.mended_at = time.time()
        self.people: list[User] = []
        self.restarts = 0

    # Processes.

    def up(self) -> Process:
        """Start Redis, the mail server, a beat and a worker; returns the worker."""
        self.redis.start()
        self.mail_server.open()
        self.beat()
        return self.worker()

    def worker(self) -> Process:
        name = f"worker-{len(self.processes)}"
        return self._start(f"{WORKER} --hostname {name}", name)

    def beat(self) -> Process:
        name = f"beat-{len(self.processes)}"
        return self._start(f"{BEAT} --schedule {self.folder / name}-schedule", name)

    def _start(self, command: str, name: str) -> Process:
        started = self.nursery.fork(command, name, self.folder, self.clock.path)
        self.processes.append(started)
        return started

    def _start_again(self) -> None:
        """What ended by itself is started again, as Docker and `manage.py up` do."""
        for process in self.processes:
            if not process.lives and not process.was_killed:
                self.restarts += 1
                self.nursery.revive(process)

    def down(self) -> None:
        for process in self.processes:
            process.kill()
        self.redis.stop()
        self.mail_server.end()

    @staticmethod
    def ask_for(task: str) -> None:
        """Send one task, as beat does."""
        current_app.send_task(f"convoys.tasks.{task}", ignore_result=True, expires=60)

    # People and convoys.

    def subscribers(self, *people: User) -> None:
        """These are to be told of everything they may see."""
        for person in people:
            subscribe(person)
        self.people += people

    def hold(self, *references: str, hours: float = 25) -> None:
        """Convoys that have been held for so long, on record in one change set."""
        factories.road()
        factories.organisation()
        since = timezone.now() - timedelta(hours=hours)
        for start in range(0, len(references), AT_ONCE):
            names = references[start : start + AT_ONCE]
            factories.apply(*(step for name in names for step in _held(name, since)))

    # Waiting, and the promise.

    @staticmethod
    def now() -> datetime:
        return timezone.now()

    def until(self, is_so: Callable[[], bool], what: str, skipping: bool = False) -> None:
        """Wait until it is so. `skipping`: pauses between attempts are skipped, by stepping the clock."""
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain until {what}\n{self.logs()}"
            self._start_again()
            if skipping:
                self._skip_to_the_next_attempt()
            time.sleep(LOOK_EVERY)

    def _skip_to_the_next_attempt(self) -> None:
        """Only while nothing is under way, since a step would eat into the leases of living workers."""
        under_way = Message.objects.filter(state=MessageState.SENDING)
        owed = Notification.objects.filter(state=NotificationState.OPEN)
        if not under_way.exists() and not owed.exists():
            waiting = Message.objects.filter(state=MessageState.PENDING)
            self._step_to(waiting.aggregate(at=Min("next_attempt_at"))["at"])

    def let_leases_run_out(self) -> None:
        """Step the clock to when what a dead worker held is nobody's."""
        self._step_to(Message.objects.aggregate(at=Max("lease_until"))["at"])

    def _step_to(self, at: datetime | None) -> None:
        if at is not None and at > self.now():
            self.clock.step(seconds=(at - self.now()).total_seconds() + 0.1)

    def mended(self) -> None:
        """From here on it should recover by itself."""
        self.mended_at = time.time()

    def until_told(self, expected: set[Step], skipping: bool = False) -> None:
        """Wait until each was told what is expected, and the system is at rest."""

        def all_told() -> bool:
            return not untold(expected, self.mail_server.mails) and not left_over()

        try:
            self.until(all_told, "all are told", skipping)
        except AssertionError as problem:
            missing = sorted(untold(expected, self.mail_server.mails), key=str)
            raise AssertionError(f"untold: {missing[:5]}; left: {left_over()}; {problem}") from None

    def keeps_the_promise(self, expected: set[Step], scenario: str, done: str) -> Figures:
        """Audit; and leave a line for the report, where one is being made."""
        figures = audit(expected, self.mail_server.mails)
        if file := os.environ.get("CHAOS_FIGURES"):
            recovered = self.mail_server.mails[-1].at - self.mended_at
            test = os.environ["PYTEST_CURRENT_TEST"]
            row: dict[str, object] = {"test": test, "scenario": scenario, "done": done}
            row |= {"recovered": max(recovered, 0), **asdict(figures)}
            with open(file, "a") as lines:
                lines.write(json.dumps(row) + "\n")
        return figures

    def logs(self) -> str:
        """What each process said last and is at, and how the work stands: for a test that fails."""
        for process in self.processes:
            process.tell_where_it_is()
        time.sleep(1)
        swept = list(Sweep.objects.values_list("name", "last_success_at"))
        mails = list(Message.objects.values_list("pk", "state", "attempts", "next_attempt_at", "lease_until"))
        stands = (
            f"now {self.now()}, clock off by {self.clock.offset} s\nswept {swept}\nmessages {mails[:10]}\n"
        )
        return stands + "\n".join(
            f"--- {one.name}{'' if one.lives else ' (has ended)'}\n{one.said()[-6000:]}"
            for one in self.processes
        )


def _held(name: str, since: datetime) -> list[Record]:
    """A convoy's way into a hold: registered, departed, held."""

    def at(hours_before: int) -> When:
        return factories.at((since - timedelta(hours=hours_before)).strftime("%Y-%m-%dT%H:%M"))

    ref, said = convoy(name), [factories.account()]
    return [
        Record(ref, "registered", at(3), declares=factories.DECLARATION),
        Record(ref, "departed", at(2), place="harbour", claims=said),
        Record(ref, "held", at(0), place="junction", held_before="bridge", claims=said),
    ]
