"""What a call used, in buckets that do not overlap, so that each is priced once.

Columns of records hold totals with parts inside: `input_tokens` is all uncached input (text, audio and image),
`cache_write_tokens` all cache writes (of which 1 h), `output_tokens` all output (of which reasoning, audio, image).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum


class Bucket(StrEnum):
    """A priced bucket of usage. Stored in prices; `reasoning` is priced as output unless a price names it."""

    INPUT = "input"
    INPUT_AUDIO = "input_audio"
    INPUT_IMAGE = "input_image"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_1H = "cache_write_1h"
    OUTPUT = "output"
    REASONING = "reasoning"
    OUTPUT_AUDIO = "output_audio"
    OUTPUT_IMAGE = "output_image"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as records keep them (None: not told), and calls. Parts are inside their totals."""

    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    input_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None
    calls: int = 1

    @property
    def is_told(self) -> bool:
        """Whether any tokens were told."""
        return any(getattr(self, field.name) is not None for field in fields(self) if field.name != "calls")

    @property
    def context_tokens(self) -> int:
        """All that went in: what prices by the length of the context look at."""
        return (self.input_tokens or 0) + (self.cache_read_tokens or 0) + (self.cache_write_tokens or 0)

    @property
    def billable_tokens(self) -> int:
        """All tokens, each once: parts are inside their totals."""
        return self.context_tokens + (self.output_tokens or 0)


TOKENS = tuple(field.name for field in fields(Usage) if field.name != "calls")
# By name once: looking up members of an enumeration takes longer than all else here.
_INPUT, _INPUT_AUDIO, _INPUT_IMAGE, _CACHE_READ, _CACHE_WRITE, _CACHE_WRITE_1H, *_LATER = Bucket
_OUTPUT, _REASONING, _OUTPUT_AUDIO, _OUTPUT_IMAGE, _CALL = _LATER


def split(usage: Usage) -> dict[Bucket, int]:
    """The usage in disjoint buckets; those that were not told, or are 0, are left out.

    A part that is greater than its total leaves nothing of the total: what was told of the part counts.
    """
    tokens = [getattr(usage, name) for name in TOKENS]
    return dict(split_tokens(tokens, usage.calls))


def split_tokens(tokens: Sequence[int | None], calls: int) -> list[tuple[Bucket, int]]:
    """As `split`, of tokens in the order of `TOKENS`."""
    text, read, write, output, reasoning, hour, audio, image, spoken, drawn = (count or 0 for count in tokens)
    found = (
        *((_INPUT, max(text - audio - image, 0)), (_INPUT_AUDIO, audio), (_INPUT_IMAGE, image)),
        *((_CACHE_READ, read), (_CACHE_WRITE, max(write - hour, 0)), (_CACHE_WRITE_1H, hour)),
        *((_OUTPUT, max(output - reasoning - spoken - drawn, 0)), (_REASONING, reasoning)),
        *((_OUTPUT_AUDIO, spoken), (_OUTPUT_IMAGE, drawn), (_CALL, calls)),
    )
    return [one for one in found if one[1]]
