"""What the tracker costs, as ratios in one run: ours and a peer's, in turn, on one database.

    DATABASE_URL=postgres://postgres@127.0.0.1/postgres python -m benchmarks --convoys 200000 --keep

`docs/performance.md` says what is measured and against which limits.
"""
