"""The shared cache counts on when Redis is away: nobody is locked out, and limits still hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache.backends.base import BaseCache

from convoytracker import cache as module
from convoytracker.cache import SturdyRedisCache


def cache_at(socket: Path) -> BaseCache:
    return SturdyRedisCache(f"unix://{socket}", {"KEY_PREFIX": "ct"})


@pytest.mark.processes
def test_with_redis_all_processes_count_together(broker_socket: Path):
    one, other = cache_at(broker_socket), cache_at(broker_socket)

    assert one.add("tries", 1, timeout=60)
    assert other.incr("tries") == 2
    assert one.get("tries") == 2


@pytest.mark.processes
def test_what_is_not_counted_yet_does_not_begin_by_being_counted_on(broker_socket: Path):
    cache = cache_at(broker_socket)

    with pytest.raises(ValueError, match="tries-of-nobody"):
        cache.incr("tries-of-nobody")
    assert cache.get("tries-of-nobody") is None


def test_without_redis_this_process_counts_alone(tmp_path: Path):
    cache = cache_at(tmp_path / "nobody.sock")

    assert cache.add("tries", 1, timeout=60)
    assert not cache.add("tries", 1, timeout=60)
    assert cache.incr("tries") == 2


def test_a_dead_redis_is_asked_once_in_half_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    cache = cache_at(tmp_path / "nobody.sock")

    def refuse(*_: object, **__: object) -> None:
        asked.append("once more")
        raise module.redis.ConnectionError

    monkeypatch.setattr(module.RedisCache, "get", refuse)
    for _ in range(5):
        cache.get("tries")

    assert asked == ["once more"]
