"""Names: one line, of which something can be seen."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from accounts.names import name_of

TURNING = "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


@example("0 \u202e 0")
@given(st.text() | st.text(alphabet=TURNING + " \t\n\x00\u200b\u0301abא"))
def test_a_name_is_one_line_that_can_be_seen_and_stays_as_it_is(told: str) -> None:
    name = name_of(told)
    assert name == name_of(name)
    assert not set(name) & set(TURNING + "\n\r\t\x00")
    assert not name or any(unicodedata.category(one)[0] in "LNPS" for one in name)


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1))
def test_letters_and_numbers_of_any_script_stay(told: str) -> None:
    assert name_of(f"  {told}\u202e ") == told
