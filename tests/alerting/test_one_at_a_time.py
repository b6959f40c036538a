"""Of one kind of work one run at a time in a process; what is asked for meanwhile is done afterwards."""

from __future__ import annotations

import threading

import pytest

from convoys.one_at_a_time import one_at_a_time


def test_who_finds_the_work_under_way_goes_and_it_is_asked_for_again_when_it_has_ended():
    begun, may_end = threading.Event(), threading.Event()
    runs, again = [], []

    def work() -> None:
        runs.append(threading.current_thread().name)
        begun.set()
        may_end.wait(10)

    alone = one_at_a_time(again=lambda: again.append(len(runs)))(work)
    first = threading.Thread(target=alone, name="first")
    first.start()
    assert begun.wait(10)
    alone()
    alone()
    assert (runs, again) == (["first"], [])
    may_end.set()
    first.join(10)
    assert (runs, again) == (["first"], [1])
    alone()
    assert (len(runs), again) == (2, [1])


def test_a_run_that_fails_leaves_the_room():
    def work() -> None:
        raise RuntimeError("broken")

    alone = one_at_a_time(again=lambda: None)(work)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            alone()
