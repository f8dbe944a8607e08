"""Where tries at the door are counted: in Valkey, each with its own end, so that all processes count together.

When Valkey does not answer each process counts for itself: the door stays open to who knows the password and shut to
who guesses, only that a guesser has as many tries again as there are processes.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis import RedisError

logger = logging.getLogger(__name__)
# Before each key: nothing else in Valkey is called so. Tests have one each.
space = "tries"


def key_of(key: str, prefix: str, version: int) -> str:
    """The name of a counter in Valkey."""
    return f"{space}:{key}"


class JsonSerializer:
    """Values as JSON: what is read from Valkey is never run."""

    def dumps(self, value: Any) -> bytes:
        """As bytes."""
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """Back again."""
        return json.loads(data)


class Tries(RedisCache):
    """Counters of tries and codes that were used: what allauth asks of a cache."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"serializer": JsonSerializer, "socket_timeout": 1, "socket_connect_timeout": 1}
        super().__init__(server, {**params, "KEY_FUNCTION": key_of, "OPTIONS": options})
        self._own = LocMemCache("tries", {"KEY_FUNCTION": key_of})

    def add(self, *args: Any, **told: Any) -> bool:
        """Sets a value where there is none."""
        return bool(self._ask(super().add, self._own.add, *args, **told))

    def get(self, *args: Any, **told: Any) -> Any:
        """A value, or the default."""
        return self._ask(super().get, self._own.get, *args, **told)

    def set(self, *args: Any, **told: Any) -> None:
        """Sets a value."""
        self._ask(super().set, self._own.set, *args, **told)

    def delete(self, *args: Any, **told: Any) -> bool:
        """Removes a value."""
        return bool(self._ask(super().delete, self._own.delete, *args, **told))

    def _ask(self, valkey: Callable[..., Any], own: Callable[..., Any], *args: Any, **told: Any) -> Any:
        try:
            return valkey(*args, **told)
        except RedisError:
            logger.warning("Valkey does not answer: tries at the door are counted by each process for itself")
            return own(*args, **told)
