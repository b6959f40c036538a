"""The counting rule: low to the last report, high to now, floors without an upper end, silence apart."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from convoys.queries.figures import OpenConvoy, figures_over, hold_spans, summed

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def held(**more: object) -> OpenConvoy:
    values: dict[str, object] = {
        "status": "held",
        "trucks": 2,
        "tonnes_low": Decimal(40),
        "tonnes_high": Decimal(50),
        "since": datetime(2026, 3, 10, tzinfo=UTC),
        "since_precision": "day",
        "last_reported_at": datetime(2026, 3, 18, tzinfo=UTC),
        "last_reported_precision": "day",
        "time_zone": "UTC",
    }
    return OpenConvoy(**(values | more))  # type: ignore[arg-type]


def test_tonne_days_run_from_the_last_report_to_now():
    total = summed([held()], NOW)
    assert (total.tonne_days_low, total.tonne_days_high) == (Decimal(40 * 8), Decimal(50 * 10))


def test_a_floor_leaves_the_sum_without_an_upper_end():
    total = summed([held(), held(tonnes_high=None)], NOW)
    assert total.tonnes_low == 80
    assert total.tonnes_high is None
    assert total.tonne_days_high is None


def test_unknown_tonnage_is_left_out_and_counted_as_unknown():
    total = summed([held(), held(tonnes_low=None, tonnes_high=None, trucks=None)], NOW)
    assert total.tonnes_low == 40
    assert (total.tonnes_unknown, total.trucks, total.trucks_unknown) == (1, 2, 1)


def test_a_silent_convoy_stands_outside_the_total():
    quiet = held(last_reported_at=NOW - timedelta(days=9))
    figures = figures_over([held(), quiet], 0, NOW)
    assert (figures.reported["held"].count, figures.silent["held"].count) == (1, 1)


def test_silence_begins_after_the_end_of_the_day_that_was_reported():
    last_day = datetime(2026, 3, 12, tzinfo=UTC)  # ends on the 13th; the limit is seven days
    still = figures_over([held(last_reported_at=last_day)], 0, NOW - timedelta(hours=13))
    since = figures_over([held(last_reported_at=last_day)], 0, NOW)
    assert (still.silent["held"].count, since.silent["held"].count) == (0, 1)


def test_a_report_dated_after_now_adds_nothing():
    spans = hold_spans(held(last_reported_at=NOW + timedelta(hours=5)), NOW)
    assert spans is not None
    assert spans[0] == spans[1]
