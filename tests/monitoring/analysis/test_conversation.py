"""Where a failed conversation took its turn: one conversation for each rule."""

import pytest

from monitoring.analysis.conversation import Message, find_turn

RAN, FAILED = (
    "exitcode: 0 (execution succeeded)\nCode output: ",
    "exitcode: 1 (execution failed)\nCode output: KeyError",
)


def talk(*said: tuple[str, str] | tuple[str, str, bool]) -> list[Message]:
    return [Message("human", "How many parks are there?"), *(Message(*one) for one in said)]


@pytest.mark.parametrize(
    ("messages", "step", "why"),
    [
        ([Message("human", "Run this: exit code 1", failing=True), Message("a", "Sure.")], 0, "handed over"),
        (
            talk(
                ("lead (-> web)", "Please look up the number of parks in the city"),
                ("web", "I clicked 'Parks'."),
                ("lead (-> web)", "Please find out the number of parks in the city of Ulm"),
                ("web", "I scrolled down."),
            ),
            2,
            "made again",
        ),
        (talk(("web", "Address: a\nparks"), ("b", "Next."), ("web", "Address: a\nparks")), 3, "opened again"),
        (talk(("a", "Let me look."), ("b", "Here is the list of parks: A, B.")), 2, "without a result"),
        (talk(("a", "The number is hypothetical: 12.")), 1, "assumed"),
        (talk(("a", "```python\nx```"), ("run", FAILED, True), ("b", "Hm.")), 1, "then failed"),
        (talk(("a", "```x```"), ("run", RAN + "0\n"), ("b", "```y```"), ("run", RAN + "12\n")), 3, "believed"),
        (talk(("a", "Opening it."), ("web", "Address: b\nCaptcha")), 2, "refuses"),
        (talk(("a", "Working."), ("b", "Boom", True)), 2, "ended in an error"),
    ],
)
def test_each_rule_names_its_step_and_says_why(messages: list[Message], step: int, why: str) -> None:
    turn = find_turn(messages)
    assert turn is not None
    assert turn.step == step
    assert why in turn.why


def test_a_request_for_the_rest_is_progress_and_a_report_of_a_result_no_claim() -> None:
    progress = talk(
        ("lead (-> web)", "Please verify crayfish, isopods and crabs"),
        ("web", "I clicked crayfish."),
        ("lead (-> web)", "Please verify isopods and crabs"),
        ("web", "I clicked isopods."),
        ("run", RAN + "12"),
        ("a", "Here are the results: 12."),
    )
    turn = find_turn(progress)
    assert turn is not None
    assert "nothing later stands out" in turn.why


def test_a_conversation_of_one_message_has_no_turn() -> None:
    assert find_turn([Message("human", "Hello")]) is None
    assert find_turn([]) is None
