"""Usage objects of providers, as their references print them, in our buckets."""

from typing import Any

import pytest

from ingestion.adapters.refusals import Refused
from ingestion.adapters.usage import read_usage
from ingestion.records import Tokens

OPENAI_CHAT = {
    "prompt_tokens": 1117,
    "completion_tokens": 46,
    "total_tokens": 1163,
    "prompt_tokens_details": {"cached_tokens": 1000, "audio_tokens": 17},
    "completion_tokens_details": {
        "reasoning_tokens": 20,
        "audio_tokens": 5,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
    "service_tier": "flex",
}
OPENAI_RESPONSES = {
    "input_tokens": 36,
    "input_tokens_details": {"cached_tokens": 6},
    "output_tokens": 87,
    "output_tokens_details": {"reasoning_tokens": 7},
    "total_tokens": 123,
}
OPENAI_IMAGES = {
    "total_tokens": 100,
    "input_tokens": 50,
    "output_tokens": 50,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    "output_tokens_details": {"image_tokens": 50},
}
ANTHROPIC = {
    "input_tokens": 2,
    "cache_creation_input_tokens": 1273,
    "cache_read_input_tokens": 14265,
    "cache_creation": {"ephemeral_5m_input_tokens": 273, "ephemeral_1h_input_tokens": 1000},
    "output_tokens": 113,
    "output_tokens_details": {"thinking_tokens": 13},
    "service_tier": "standard",
    "inference_geo": "not_available",
}
GEMINI = {
    "promptTokenCount": 270,
    "cachedContentTokenCount": 20,
    "candidatesTokenCount": 30,
    "thoughtsTokenCount": 12,
    "toolUsePromptTokenCount": 8,
    "totalTokenCount": 320,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 12},
        {"modality": "IMAGE", "tokenCount": 200},
        {"modality": "AUDIO", "tokenCount": 58},
    ],
}
BEDROCK = {
    "inputTokens": 10,
    "outputTokens": 5,
    "totalTokens": 115,
    "cacheReadInputTokens": 70,
    "cacheWriteInputTokens": 30,
}


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (OPENAI_CHAT, Tokens(input=117, cache_read=1000, output=46, reasoning=20, input_audio=17, output_audio=5)),
        (OPENAI_RESPONSES, Tokens(input=30, cache_read=6, output=87, reasoning=7)),
        (OPENAI_IMAGES, Tokens(input=50, output=50, input_image=40, output_image=50)),
        (
            ANTHROPIC,
            Tokens(input=2, cache_read=14265, cache_write=1273, cache_write_1h=1000, output=113, reasoning=13),
        ),
        (
            GEMINI,
            Tokens(input=258, cache_read=20, output=42, reasoning=12, input_image=200, input_audio=58),
        ),
        (BEDROCK, Tokens(input=10, cache_read=70, cache_write=30, output=5)),
        # LangChain counts both in, the SDK of Vercel what was cached.
        (
            {"input_tokens": 100, "input_token_details": {"cache_read": 60, "cache_creation": 10}, "output_tokens": 1},
            Tokens(input=30, cache_read=60, cache_write=10, output=1),
        ),
        ({"inputTokens": 100, "cachedInputTokens": 60, "outputTokens": 1}, Tokens(input=40, cache_read=60, output=1)),
        # More cached than altogether: counted apart.
        ({"prompt_tokens": 5, "cache_read_input_tokens": 9}, Tokens(input=5, cache_read=9)),
        ({"input_tokens": None, "output_tokens": 3}, Tokens(output=3)),
        ({"total_tokens": 5}, None),
        ({}, None),
        ({"prompt_tokens_details": "none", "input_tokens": 4}, Tokens(input=4)),
    ],
)
def test_usage_is_read_into_our_buckets(usage: dict[str, Any], tokens: Tokens | None) -> None:
    assert read_usage(usage).tokens == tokens


def test_tier_and_region() -> None:
    assert (read_usage(OPENAI_CHAT).tier, read_usage(OPENAI_CHAT).region) == ("flex", None)
    assert (read_usage(ANTHROPIC).tier, read_usage(ANTHROPIC).region) == ("", None)
    assert read_usage({**ANTHROPIC, "service_tier": "Batch", "inference_geo": "us"}).tier == "batch"
    assert read_usage({"inference_geo": "us"}).region == "us"
    assert read_usage({"service_tier": 3, "region": ["eu"]}) == read_usage({})


@pytest.mark.parametrize(
    ("usage", "field", "reason"),
    [
        ({"prompt_tokens": -1}, "usage.prompt_tokens", "must be at least 0"),
        ({"outputTokens": 1.5}, "usage.outputTokens", "must be a whole number, not a number"),
        ({"input_tokens": True}, "usage.input_tokens", "must be a whole number, not true or false"),
        ({"output_tokens": 10**15 + 1}, "usage.output_tokens", "must be at most 1000000000000000"),
        (
            {"cache_creation": {"ephemeral_1h_input_tokens": "9"}},
            "usage.cache_creation.ephemeral_1h_input_tokens",
            "must be a whole number, not text",
        ),
        (
            {"promptTokensDetails": [{"modality": "AUDIO", "tokenCount": -2}]},
            "usage.promptTokensDetails[0].tokenCount",
            "must be at least 0",
        ),
    ],
)
def test_what_is_no_count_is_refused_with_its_place(usage: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        read_usage(usage)
    assert (refused.value.field, refused.value.reason) == (field, reason)
