"""A reader's program as the guide describes it: it holds a copy of what it may see, kept true by the feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.api.conftest import Program

WORDS = {
    "time_as_printed", "text", "reason", "speaker", "speaker_organisation", "person", "publisher",
    "publisher_organisation", "title", "link", "language", "statement",
}  # fmt: skip
# What the details show and the feed does not, and the other way round.
OF_DETAILS = {"claims", "contested", "inferred", "implied_by"}
OF_THE_FEED = {"subject", "visible", "withdrawn"}
Entry = dict[str, Any]


@dataclass
class Copy:
    """Entries by sequence, and the convoys known of; `fetches` at once, or when told to."""

    program: Program
    page_size: int = 500
    cursor: int = 0
    entries: dict[int, Entry] = field(default_factory=dict)
    convoys: set[str] = field(default_factory=set)
    to_fetch: set[str] = field(default_factory=set)
    told: list[Entry] = field(default_factory=list)

    def read_a_page(self) -> bool:
        """Read the next page; whether there was anything on it."""
        page = self.program.get(f"events?after={self.cursor}&page_size={self.page_size}&exercise=all")
        assert page["cursor"] >= self.cursor
        for row in page["results"]:
            assert self.cursor < row["sequence"] <= page["cursor"], "each once, in order"
            self.cursor = row["sequence"]
            self.apply(row)
        self.cursor = page["cursor"]
        self.told += page["results"]
        return bool(page["results"])

    def catch_up(self) -> None:
        while self.read_a_page():
            pass
        self.fetch()

    def apply(self, row: Entry) -> None:
        for reference in row["withdrawn"]:
            self.forget(reference)
            self.convoys.discard(reference)
            self.to_fetch.discard(reference)
        if row["type"] == "visibility" and row["withdrawn_chain"] is not None:
            self.forget_chain(row["withdrawn_chain"])
        elif row["type"] == "erasure":
            self.erase(row["erased_sequence"])
        elif row["type"] in ("event", "claim"):
            self.keep(row)
        self.convoys.update(row["visible"])
        self.to_fetch.update(row["visible"])

    def keep(self, row: Entry) -> None:
        """An entry, with what it does to those of its chain before it."""
        kept = {name: value for name, value in row.items() if name not in {"visible", "withdrawn"}}
        self.entries[row["sequence"]] = kept
        for earlier in self.chain(row["chain"]):
            if earlier["sequence"] == row["supersedes"]:
                earlier["superseded_by"] = row["sequence"]
            if row["act"] == "retract":
                taken_back = {name: row[name] for name in ("sequence", "recorded_at", "reason")}
                earlier["retracted"], earlier["retraction"] = True, taken_back
            if row.get("withheld") and earlier["sequence"] < row["sequence"]:
                withheld = dict.fromkeys((WORDS | {"document_sha256"}) & earlier.keys())
                earlier.update(withheld, withheld=True)
                earlier["alleged"] = earlier["alleged"] | {"place_words": None}

    def chain(self, chain: int) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry["chain"] == chain]

    def erase(self, sequence: int) -> None:
        entry = self.entries.get(sequence)
        if entry is None:
            return
        entry.update(dict.fromkeys(WORDS & entry.keys()), erased=True)
        if "alleged" in entry:
            entry["alleged"] = entry["alleged"] | {"place_words": None}
        for one in self.chain(entry["chain"]):
            if one["retraction"] and one["retraction"]["sequence"] == sequence:
                one["retraction"] = one["retraction"] | {"reason": None}

    def forget(self, reference: str) -> None:
        subject = {"type": "convoy", "code": reference}
        self.entries = {at: entry for at, entry in self.entries.items() if entry["subject"] != subject}

    def forget_chain(self, chain: int) -> None:
        """And the claims on it, and those on them."""
        on_it = {
            entry["chain"] for entry in self.entries.values() if entry.get("target", {}).get("chain") == chain
        }
        self.entries = {at: entry for at, entry in self.entries.items() if entry["chain"] != chain}
        for other in on_it:
            self.forget_chain(other)

    def fetch(self) -> None:
        """What is to be fetched takes the place of what is held of it."""
        for reference in sorted(self.to_fetch):
            answer = self.program.ask(f"convoys/{reference}")
            self.forget(reference)
            if answer.status == 200:
                subject = {"type": "convoy", "code": reference}
                for entry in entries_of(answer.body):
                    self.entries[entry["sequence"]] = entry | {"subject": subject}
        self.to_fetch = set()

    def shown(self) -> dict[int, Entry]:
        """What it holds but retractions, which the details show by what they took back."""
        return {
            at: {name: value for name, value in entry.items() if name not in OF_THE_FEED | {"type"}}
            for at, entry in self.entries.items()
            if entry["act"] != "retract"
        }


def entries_of(detail: Entry) -> list[Entry]:
    """The entries on a detail, each by itself."""
    events = [event for event in detail["events"] if event["sequence"] is not None]
    claims: list[Entry] = [claim for event in events for claim in event["claims"]] + detail["claims"]
    without = [{name: one[name] for name in one.keys() - OF_DETAILS} for one in events]
    return without + claims


def everything_shown(program: Program) -> tuple[set[str], dict[int, Entry]]:
    """The convoys that lists show, and the entries on all details."""
    references = {row["reference"] for row in program.get("convoys?page_size=500&exercise=all")["results"]}
    details = [program.get(f"convoys/{reference}") for reference in sorted(references)]
    for path in ("control-points", "agreements"):
        rows = program.get(f"{path}?page_size=500&exercise=all")["results"]
        details += [program.get(f"{path}/{row['code']}") for row in rows]
    shown = {entry["sequence"]: entry for detail in details for entry in entries_of(detail)}
    return references, {
        at: {name: value for name, value in entry.items() if name != "type"} for at, entry in shown.items()
    }
