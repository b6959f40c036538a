"""The promise about alerts, against everything that can go wrong: real processes, real servers.

Each test starts what a deployment runs (Celery worker and beat, PostgreSQL, Redis, a mail server),
breaks some of it at a chosen moment, mends it, and asks in the end whether every step of every hold
was raised exactly once and told to everybody at least once (`audit.py`). Nothing in the product
knows of these tests: a moment is chosen by the mail server's own behaviour or by a trigger that the
test puts into its database (`gates.py`). The clock of all processes is the test's (`clock.py`).

`python -m tests.chaos.report` prints the table of docs/reliability.md.
"""
