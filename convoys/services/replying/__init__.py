"""The right of reply: a partner's own account waits here, and becomes a claim when staff release it.

The partner `offer`s and may `withdraw` while it waits; a coordinator `release`s or `decline`s. What
is offered is checked as a claim is, so that it can be released as it stands. Of two who decide at
once the second is told so.

`release` does, since the one write path has a transaction of its own:
1. under the row's lock, marks it released, with nothing yet to show for it;
2. has the timeline write the claim, in a change set with the account's own UUID;
3. notes the claim's sequence, and empties the account: the claim has its words.
A refusal in 2 puts it back to wait. Where the process dies between, the next who decides meets what
was written: the change set is found by its UUID.
"""

from convoys.services.replying.deciding import AlreadyDecided
from convoys.services.replying.offering import NothingThere, offer, withdraw
from convoys.services.replying.releasing import LONGEST_REASON, decline, release
from convoys.services.replying.saying import Reply

__all__ = [
    "LONGEST_REASON", "AlreadyDecided", "NothingThere", "Reply", "decline", "offer", "release", "withdraw",
]  # fmt: skip
