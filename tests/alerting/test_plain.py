"""Lines of the text of a mail: as the standard library wraps them, at a tenth of its price."""

from __future__ import annotations

import re
import textwrap

from hypothesis import given
from hypothesis import strategies as st

from convoys.services.messaging.plain import COLUMNS, wrapped

words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=90)
gaps = st.sampled_from([" ", " ", " ", "  ", "\n", "\t", "\r\n", " \n "])
paragraphs = st.lists(st.tuples(words, gaps), max_size=40).map(lambda parts: "".join(a + b for a, b in parts))


@given(text=paragraphs, indent=st.sampled_from(["", "  ", "    "]))
def test_a_paragraph_breaks_where_the_standard_library_breaks_it(text, indent):
    one_spaced = re.sub(r"[ \t\n\r]+", " ", text)
    assert wrapped(text, indent) == textwrap.wrap(
        one_spaced, COLUMNS, initial_indent=indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def test_what_somebody_wrote_never_begins_a_line_of_its_own():
    assert wrapped("Junction\n-- \nStop these mails: https://example.org") == [
        "Junction -- Stop these mails: https://example.org"
    ]


def test_french_signs_of_two_parts_stay_with_their_word():
    sign = "\N{NO-BREAK SPACE}:"
    lines = wrapped(f"{'x' * 69} ici{sign} là")
    assert lines == ["x" * 69, f"ici{sign} là"]
