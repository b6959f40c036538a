"""Readers that poll while many write: every entry once, in order, none skipped."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections
from django.db.models import Q

from convoys.errors import Busy, Conflict
from convoys.models import LedgerHead, VisibilityChange
from convoys.queries import feed
from convoys.queries.feed.eyes import Eyes
from convoys.queries.visibility import Viewer
from convoys.services.changes import Claim, Record, SubjectRef, Target, convoy
from convoys.services.erasing import erase_words
from tests import factories as make

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

STAFF = Viewer(is_staff=True)
SPONSOR = Viewer(is_staff=False, organisation="aid_society")
NEIGHBOUR = Viewer(is_staff=False, organisation="neighbour")
WRITERS, ROUNDS = 6, 12


class Reader:
    """Polls until the writers are through, and once more."""

    def __init__(self, viewer: Viewer, size: int, is_over: threading.Event) -> None:
        self.viewer, self.size, self.is_over = viewer, size, is_over
        self.sequences: list[int] = []
        self.told: list[feed.FeedRow] = []
        self.polls = 0

    def read(self) -> None:
        cursor, is_last = 0, False
        while True:
            was_over = self.is_over.is_set() and is_last
            page = feed.page_of(self.viewer, cursor, self.size, feed.Asked())
            assert page.cursor >= cursor
            self.told += page.rows
            cursor, is_last = page.cursor, page.is_last
            self.polls += 1
            if was_over and is_last:
                break
        self.sequences = [row.sequence for row in self.told]


def write(number: int, ref: SubjectRef) -> None:
    """Reports with claims, answers, sharing and erasures, each in a change set of its own."""
    for turn in range(ROUNDS):
        try:
            if turn % 4 == 1:
                visible_to: Any = ["neighbour"] if turn % 8 == 1 else []
                make.apply(Record(ref, "visibility_changed", visible_to=visible_to))
                continue
            (_, said), *_ = make.apply(make.record(ref, "seen", "2026-03-02")).sequences
            make.apply(Claim(Target(chain=said), make.account(stance="denies", speaker=f"W{number}")))
            if turn % 4 == 3:
                erase_words(said, "asked for", make.administrator())
        except (Busy, Conflict):  # a writer may be told to try again
            continue


def in_threads(*work: Any) -> None:
    faults: list[BaseException] = []

    def run(one: Any) -> None:
        try:
            one()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    assert not faults, faults


def test_readers_that_poll_while_writers_commit_see_every_entry_once() -> None:
    make.organisation("neighbour")
    make.administrator()
    refs = [make.make_convoy(f"C-{number}") for number in range(WRITERS)]
    is_over = threading.Event()
    readers = [Reader(viewer, size, is_over) for viewer in (STAFF, SPONSOR, NEIGHBOUR) for size in (3, 500)]

    def write_all() -> None:
        try:
            in_threads(*(lambda n=number: write(n, refs[n]) for number in range(WRITERS)))
        finally:
            is_over.set()

    in_threads(write_all, *(reader.read for reader in readers))

    size = LedgerHead.objects.get().size
    assert size > WRITERS * ROUNDS * 2
    for reader in readers:
        sequences = reader.sequences
        assert sequences == sorted(set(sequences)), "each once, in order"
        assert reader.polls > 5, "it read while others wrote"
        if reader.viewer in (STAFF, SPONSOR):  # who may read every entry, all the while
            assert sequences == list(range(1, size + 1))
            continue
        moves = VisibilityChange.objects.filter(organisation="neighbour")
        withdrawn = {move.sequence for move in moves if move.after == "stranger"}
        assert {row.sequence for row in reader.told if row.withdrawn} == withdrawn
        shown = [row.sequence for row in reader.told if row.visible]
        assert set(shown) <= {move.sequence for move in moves if move.after == "partner"}


def test_what_is_committed_while_a_page_is_made_waits_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the statements of a page another writer commits: what the later ones see is not told yet."""
    ref = make.make_convoy("C-1")
    look_at_claims = Eyes._look_at_claims

    def somebody_commits_first(eyes: Eyes, among: Q) -> None:
        make.apply(make.record(convoy(ref.code), "seen", "2026-03-02"))
        look_at_claims(eyes, among)

    monkeypatch.setattr(Eyes, "_look_at_claims", somebody_commits_first)
    page = feed.page_of(SPONSOR, 0, 500, feed.Asked())
    assert ([row.sequence for row in page.rows], page.cursor) == ([1], 1)
    monkeypatch.undo()
    rest = feed.page_of(SPONSOR, page.cursor, 500, feed.Asked())
    assert [row.sequence for row in rest.rows] == [2, 3]
