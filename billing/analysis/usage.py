"""What a call used, in buckets that do not overlap, so that each is priced once.

Columns of records hold totals with parts inside: `input_tokens` is all uncached input (text, audio and image),
`cache_write_tokens` all cache writes (of which 1 h), `output_tokens` all output (of which reasoning, audio, image).
"""

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


def split(usage: Usage) -> dict[Bucket, int]:
    """The usage in disjoint buckets; those that were not told, or are 0, are left out.

    A part that is greater than its total leaves nothing of the total: what was told of the part counts.
    """
    audio, image = usage.input_audio_tokens or 0, usage.input_image_tokens or 0
    hour = usage.cache_write_1h_tokens or 0
    reasoning = usage.reasoning_tokens or 0
    spoken, drawn = usage.output_audio_tokens or 0, usage.output_image_tokens or 0
    found = {
        Bucket.INPUT: max((usage.input_tokens or 0) - audio - image, 0),
        Bucket.INPUT_AUDIO: audio,
        Bucket.INPUT_IMAGE: image,
        Bucket.CACHE_READ: usage.cache_read_tokens or 0,
        Bucket.CACHE_WRITE: max((usage.cache_write_tokens or 0) - hour, 0),
        Bucket.CACHE_WRITE_1H: hour,
        Bucket.OUTPUT: max((usage.output_tokens or 0) - reasoning - spoken - drawn, 0),
        Bucket.REASONING: reasoning,
        Bucket.OUTPUT_AUDIO: spoken,
        Bucket.OUTPUT_IMAGE: drawn,
        Bucket.CALL: usage.calls,
    }
    return {bucket: count for bucket, count in found.items() if count}
