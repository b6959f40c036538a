"""Whatever is recorded and whoever sees it, a copy that is kept by the feed alone is what the API shows.

Partners read page by page while the desk goes on. Nobody is ever told of what they could not see.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from convoys.errors import ConvoyError
from convoys.models import Claim as ClaimRow
from convoys.models import Convoy, Event, Words
from convoys.queries.history import claims_in_force
from convoys.queries.visibility import Viewer, viewer_of, visible_claims, visible_convoys, visible_events
from convoys.replay import in_force
from convoys.services.changes import Claim, Correct, Record, Retract, SubjectRef, Target, convoy
from convoys.services.erasing import erase_words
from tests import factories as make
from tests.api.conftest import Program
from tests.api.feed_copy import Copy, everything_shown
from tests.services import histories

pytestmark = pytest.mark.django_db

PARTNERS = ("aid_society", "other_society", "third_society")
SHARED_WITH: st.SearchStrategy[Any] = st.sampled_from(
    [[], "all_partners", ["other_society"], ["third_society"], ["aid_society", "other_society"]]
)
AUDIENCES = st.sampled_from(["", "parties", "partners", "staff"])


class Partners(RuleBasedStateMachine):
    """A desk that records, shares and narrows; of each partner two readers, one of them slow."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        vars(self.undone)["_from_testcase"] = True
        self.undone.__enter__()
        cache.clear()
        self.convoys = ["P-1", "P-2"]
        self.programs = {code: Program(make.partner(code)) for code in PARTNERS}
        self.viewers = {code: viewer_of(make.partner(code)) for code in PARTNERS}
        self.readers = {
            code: [Copy(program, page_size=3), Copy(program, page_size=50)]
            for code, program in self.programs.items()
        }
        self.ever_known: dict[str, set[str]] = defaultdict(set)
        self.ever_read: dict[str, set[int]] = defaultdict(set)

    def teardown(self) -> None:
        try:
            self.everybody_holds_what_is_shown()
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    @initialize()
    def two_convoys_are_planned(self) -> None:
        make.agreement("passage")
        make.make_convoy("P-1", when="2026-03-01")
        make.make_convoy("P-2", when="2026-03-01", declares={"sponsors": ["other_society"]})
        self.note_what_may_be_seen()

    # --- what the desk does

    @rule(data=st.data())
    def somebody_reports(self, data: st.DataObject) -> None:
        report = data.draw(histories.reports(self.one(data), self.convoys))
        self.submit(replace(report, audience=data.draw(AUDIENCES)))

    @rule(data=st.data())
    def somebody_revises(self, data: st.DataObject) -> None:
        step = data.draw(histories.revisions(self.one(data), self.convoys))
        if isinstance(step, Correct) and data.draw(st.booleans()):
            more: dict[str, Any] = {"audience": data.draw(AUDIENCES)}
            if not isinstance(step.contents, Record):
                more["is_confidential"] = data.draw(st.booleans())
            step = replace(step, contents=replace(step.contents, **more))
        self.submit(step)

    @rule(data=st.data())
    def somebody_says_more(self, data: st.DataObject) -> None:
        said = data.draw(histories.claims(self.one(data)))
        self.submit(said, data.draw(histories.roads_and_talks()))

    @rule(data=st.data())
    def two_convoys_are_linked(self, data: st.DataObject) -> None:
        one, other = data.draw(st.permutations(self.convoys))[:2]
        account = make.account(alleged_link="continues", alleged_convoy=other, audience=data.draw(AUDIENCES))
        self.submit(Claim(Target(subject=convoy(one), item="links"), account))

    @rule(data=st.data())
    def an_account_is_narrowed_or_its_source_protected(self, data: st.DataObject) -> None:
        said = claims_in_force(ClaimRow.objects.filter(alleged_convoy=None))
        if said:
            claim = data.draw(st.sampled_from(said))
            account = make.account(
                audience=data.draw(AUDIENCES), is_confidential=data.draw(st.booleans()), speaker="A"
            )
            self.submit(Correct(claim.sequence, account, "to protect them"))

    @rule(data=st.data(), visible_to=SHARED_WITH)
    def a_convoy_is_shared(self, data: st.DataObject, visible_to: Any) -> None:
        self.submit(Record(self.one(data), "visibility_changed", visible_to=visible_to))

    @rule(data=st.data(), code=st.sampled_from(PARTNERS))
    def its_parties_change(self, data: st.DataObject, code: str) -> None:
        item = data.draw(st.sampled_from(["sponsors", "carrier", "consignee"]))
        declares = {item: [code] if item == "sponsors" else code}
        self.submit(Record(self.one(data), "amended", make.at("2026-03-02"), declares=declares))

    @rule(data=st.data())
    def who_sees_it_is_corrected_or_taken_back(self, data: st.DataObject) -> None:
        telling = Event.objects.filter(kind__in=("visibility_changed", "amended")).select_related("convoy")
        standing = in_force(telling)
        if standing:
            event = data.draw(st.sampled_from(standing))
            ref = convoy(str(event.convoy))
            if event.kind == "amended" or data.draw(st.booleans()):
                self.submit(Retract(event.sequence, "a slip"))
            else:
                contents = Record(ref, event.kind, make.at("2026-03-03"), visible_to=data.draw(SHARED_WITH))
                self.submit(Correct(event.sequence, contents, "misread"))

    @rule(data=st.data())
    def a_part_is_split_off(self, data: st.DataObject) -> None:
        new = f"P-{len(self.convoys) + 1}"
        steps = data.draw(histories.split_with_its_new_convoy(self.one(data), new))
        steps[0] = replace(steps[0], visible_to=data.draw(SHARED_WITH))
        if len(self.convoys) < 4 and self.submit(*steps):
            self.convoys.append(new)

    @rule(data=st.data())
    def words_are_erased(self, data: st.DataObject) -> None:
        erasable = list(Words.objects.exclude(fields={}).values_list("sequence", flat=True))
        if erasable:
            erase_words(data.draw(st.sampled_from(erasable)), "asked for", make.administrator())

    def one(self, data: st.DataObject) -> SubjectRef:
        return convoy(data.draw(st.sampled_from(self.convoys)))

    def submit(self, *steps: Any) -> bool:
        try:
            make.apply(*steps)
        except ConvoyError:
            return False
        self.note_what_may_be_seen()
        return True

    def note_what_may_be_seen(self) -> None:
        for code, viewer in self.viewers.items():
            self.ever_known[code].update(visible_convoys(viewer).values_list("reference", flat=True))
            self.ever_read[code].update(chains_read(viewer))

    # --- what partners do

    @rule(code=st.sampled_from(PARTNERS), which=st.sampled_from([0, 1]), fetches=st.booleans())
    def a_reader_reads_a_page(self, code: str, which: int, fetches: bool) -> None:
        reader = self.readers[code][which]
        reader.read_a_page()
        if fetches:
            reader.fetch()

    def everybody_holds_what_is_shown(self) -> None:
        for code, program in self.programs.items():
            convoys, entries = everything_shown(program)
            for reader in [*self.readers[code], Copy(program)]:
                reader.catch_up()
                assert reader.convoys == convoys, code
                assert reader.shown() == entries, code
                self.was_told_of_nothing_else(code, reader)

    def was_told_of_nothing_else(self, code: str, reader: Copy) -> None:
        told = reader.told
        named = {reference for row in told for reference in row["withdrawn"] + row["visible"]}
        assert named <= self.ever_known[code]
        chains = {row.get("withdrawn_chain") or row.get("chain") for row in told} - {None}
        assert chains <= self.ever_read[code]


def chains_read(viewer: Viewer) -> set[int]:
    events = visible_events(viewer).values_list("chain", flat=True)
    return {*events, *visible_claims(viewer).values_list("chain", flat=True)}


def test_a_copy_is_kept_true_by_the_feed_alone(settings_of_api: None) -> None:
    make.road()
    for code in PARTNERS:
        make.partner(code)
    make.administrator()
    run_state_machine_as_test(Partners, settings=settings(max_examples=8, stateful_step_count=12))


@pytest.fixture
def settings_of_api(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    assert Convoy.objects.count() == 0
