"""The shared cache: Redis, and the process's own memory while Redis is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

logger = logging.getLogger(__name__)
QUIET_SECONDS = 30


# A key that is not there must not begin to count for ever.
COUNT = "if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('INCRBY', KEYS[1], ARGV[1]) end"


class OneGoing(RedisCacheClient):
    """Every request counts: the one server has one client in each thread, and each count takes one going."""

    _one: Any = None

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        self._one = self._one or super().get_client(key, write=write)
        return self._one

    def incr(self, key: Any, delta: int) -> int:
        count = self.get_client(key, write=True).eval(COUNT, 1, key, delta)
        if count is None:
            raise ValueError(f"There is no key {key!r}.")
        return int(count)


class SturdyRedisCache(RedisCache):
    """Counts of rate limits and the like. Redis being down must not lock the desk out.

    After a failure this process counts in its own memory for half a minute before it asks again, so that
    limits still hold and no request waits for a dead server twice.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            "socket_timeout": settings.REDIS_TIMEOUT,
            "socket_connect_timeout": settings.REDIS_TIMEOUT,
        }
        super().__init__(server, {**params, "OPTIONS": options})
        self._class = OneGoing
        self._memory = LocMemCache("redis-is-away", params)
        self._away_until = 0.0

    def _try(
        self, operation: Callable[..., Any], instead: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        if time.monotonic() >= self._away_until:
            try:
                return operation(*args, **kwargs)
            except (redis.ConnectionError, redis.TimeoutError) as error:
                self._away_until = time.monotonic() + QUIET_SECONDS
                logger.warning("Redis is away; counting in memory: %s", type(error).__name__)
        return instead(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().add, self._memory.add, *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().get, self._memory.get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().set, self._memory.set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().touch, self._memory.touch, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().delete, self._memory.delete, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().get_many, self._memory.get_many, *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().has_key, self._memory.has_key, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().incr, self._memory.incr, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().set_many, self._memory.set_many, *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(super().delete_many, self._memory.delete_many, *args, **kwargs)

    def clear(self) -> Any:
        return self._try(super().clear, self._memory.clear)
