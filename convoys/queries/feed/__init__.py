"""The change feed: what a reader may see of the record, entry by entry, so that a copy of it stays true.

`pages` finds the next entries, `scope` where to look for them, `rows` tells them, `sight` says what they
changed in who sees what, `subjects` what they are about in the end.
"""

from convoys.queries.feed.pages import Asked, FeedPage, end_of_feed, page_of
from convoys.queries.feed.rows import ClaimRow, ErasureRow, EventRow, FeedRow, SightRow
from convoys.queries.feed.subjects import About

__all__ = [
    "About", "Asked", "ClaimRow", "ErasureRow", "EventRow", "FeedPage", "FeedRow", "SightRow", "end_of_feed",
    "page_of",
]  # fmt: skip
