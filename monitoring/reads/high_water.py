"""The greatest values that were told of each counter, so that a correction never makes one fall.

They are kept in Valkey for two days after the last scrape. Without it, counters are told as they are: a scraper then
takes a correction for a new start, which loses nothing but makes one rate too high.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
from django.conf import settings

from monitoring.analysis.exposition import Distribution, Family, Labels, Sample

logger = logging.getLogger(__name__)

KEPT_SECONDS = 2 * 86_400
TIMEOUT_SECONDS = 0.5

Levels = dict[str, list[float]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Levels).decode


def held(about: str, families: Sequence[Family]) -> list[Family]:
    """The families with no value below the one told last; `about` names whose they are and since when they count."""
    from redis import RedisError

    key = f"metrics:{about}"
    try:
        client = _client(settings.REDIS_URL)
        known = client.get(key)
        levels: Levels = _decode(known) if known else {}
        told: Levels = {}
        found = [_raised(family, levels, told) for family in families]
        client.set(key, _encode(told), ex=KEPT_SECONDS)
    except (RedisError, msgspec.DecodeError):
        logger.warning("the levels of counters are not known: a correction may look like a new start", exc_info=True)
        return list(families)
    return found


@cache
def _client(url: str) -> Any:
    from redis import Redis

    return Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS)


def _name(family: Family, labels: Labels) -> str:
    return "\x1f".join([family.name, *[value for _, value in labels]])


def _raised(family: Family, levels: Levels, told: Levels) -> Family:
    """The family with no value below `levels`; what is told now goes into `told`."""
    get = levels.get
    samples, distributions = [], []
    for sample in family.samples:
        name = _name(family, sample.labels)
        level, value = get(name), sample.value
        if level is not None and level[0] > value:
            sample = Sample(sample.labels, value := level[0])
        told[name] = [value]
        samples.append(sample)
    for one in family.distributions:
        name = _name(family, one.labels)
        one = _raised_distribution(one, get(name))
        told[name] = [one.count, one.sum, *one.cumulated]
        distributions.append(one)
    return replace(family, samples=samples, distributions=distributions)


def _raised_distribution(one: Distribution, level: list[float] | None) -> Distribution:
    if level is None or len(level) != len(one.cumulated) + 2:
        return one
    count, total, *cumulated = map(max, (one.count, one.sum, *one.cumulated), level)
    return Distribution(one.labels, tuple(cumulated), count, total)
