"""Token buckets: how many requests and steps may come now. Pure.

A bucket holds up to `burst` and fills by `rate` a second. Steps are counted once they are stored, so their bucket may
be in debt: nothing more comes in until it is paid. `SCRIPT` is the same on the server, for all processes together, and
counts what a key asked and what it was refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# KEYS: the hash of a team's buckets, and that of its counters. ARGV: for each bucket its name, rate, burst, and what is
# taken; the last number of each is what must be there before. Behind them may stand two counters: that of requests, and
# that of refused ones (empty: not counted). Returns the first bucket that is too empty (from 1; 0: all are fine),
# seconds to wait, and what is left in the first one.
SCRIPT: Final = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local states, refused, wait, rest = {}, 0, 0, 0
local counters = #ARGV % 5
for i = 1, #ARGV - counters, 5 do
    local name, rate, burst = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
    local taken, needed = tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
    local known = redis.call('HMGET', KEYS[1], name, name .. ':at')
    local level = tonumber(known[1]) or burst
    level = math.min(burst, level + math.max(0, now - (tonumber(known[2]) or now)) * rate)
    -- What is counted in any case is counted before it is asked whether enough is there.
    local left = level
    if needed == 0 then left = level - taken end
    if refused == 0 and left < needed then
        refused, wait = (i + 4) / 5, (needed - left) / rate
    end
    states[#states + 1] = {name, level, taken, needed}
end
for _, one in ipairs(states) do
    local level = one[2]
    -- A request that is refused takes nothing; steps that were stored count in any case.
    if refused == 0 or one[4] == 0 then level = level - one[3] end
    redis.call('HSET', KEYS[1], one[1], tostring(level), one[1] .. ':at', tostring(now))
    if one[1] == ARGV[1] then rest = level end
end
if #states > 0 then redis.call('EXPIRE', KEYS[1], 3600) end
if counters == 2 then
    if ARGV[#ARGV - 1] ~= '' then redis.call('HINCRBY', KEYS[2], ARGV[#ARGV - 1], 1) end
    if refused > 0 then redis.call('HINCRBY', KEYS[2], ARGV[#ARGV], 1) end
end
return {refused, tostring(wait), tostring(rest)}
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket and what a request does to it. `needed` 0: it must only not be in debt."""

    name: str
    rate: float
    burst: float
    taken: float
    needed: float


class Buckets:
    """The buckets of one team in this process: what counts while the server cannot be asked."""

    __slots__ = ("levels",)

    def __init__(self) -> None:
        self.levels: dict[str, tuple[float, float]] = {}

    def take(self, limits: Sequence[Limit], now: float) -> tuple[int, float]:
        """The place of the first bucket that is too empty (from 1; 0: all are fine), and the seconds to wait."""
        found = [(limit, self._level(limit, now)) for limit in limits]
        at, wait = next(
            (
                (place, (limit.needed - left) / limit.rate)
                for place, (limit, level) in enumerate(found, 1)
                if (left := level if limit.needed else level - limit.taken) < limit.needed
            ),
            (0, 0.0),
        )
        for limit, level in found:
            is_counted = not at or limit.needed == 0
            self.levels[limit.name] = (level - limit.taken if is_counted else level, now)
        return at, wait

    def _level(self, limit: Limit, now: float) -> float:
        level, at = self.levels.get(limit.name, (limit.burst, now))
        return min(limit.burst, level + max(0.0, now - at) * limit.rate)
