"""The executions that Failures may be about, as labels and sentences name them."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from monitoring import wording
from monitoring.reads.populations import Population

_TITLES = {
    "failed": gettext_noop("Failed"),
    "slow": gettext_noop("Slow"),
    "expensive": gettext_noop("Expensive"),
    "retried": gettext_noop("Retried"),
    "unmet": gettext_noop("Unmet"),
}
_MANY = {
    "failed": gettext_noop("failures"),
    "slow": gettext_noop("slow runs"),
    "expensive": gettext_noop("expensive runs"),
    "retried": gettext_noop("retried runs"),
    "unmet": gettext_noop("unmet runs"),
}
_MANY_FIRST = {
    "failed": gettext_noop("Failures"),
    "slow": gettext_noop("Slow runs"),
    "expensive": gettext_noop("Expensive runs"),
    "retried": gettext_noop("Retried runs"),
    "unmet": gettext_noop("Unmet runs"),
}
_OFTEN = {
    "failed": gettext_noop(
        "Runs with that fail <b>{times}</b> as often as the others; "
        "at their rate <b>{share}</b> of failures would be gone."
    ),
    "slow": gettext_noop(
        "Runs with that are slow <b>{times}</b> as often as the others; "
        "at their rate <b>{share}</b> of slow runs would be gone."
    ),
    "expensive": gettext_noop(
        "Runs with that are expensive <b>{times}</b> as often as the others; "
        "at their rate <b>{share}</b> of expensive runs would be gone."
    ),
    "retried": gettext_noop(
        "Runs with that are retried <b>{times}</b> as often as the others; "
        "at their rate <b>{share}</b> of retried runs would be gone."
    ),
    "unmet": gettext_noop(
        "Runs with that are unmet <b>{times}</b> as often as the others; "
        "at their rate <b>{share}</b> of unmet runs would be gone."
    ),
}


def population_title(population: Population) -> str:
    """The label to choose it by: `Slow`."""
    return _(_TITLES[population.word])


def many(population: Population) -> str:
    """Within a sentence: `failures`, `slow runs`."""
    return _(_MANY[population.word])


def many_first(population: Population) -> str:
    """At the start of a sentence, and as a label: `Failures`, `Slow runs`."""
    return _(_MANY_FIRST[population.word])


def often_words(population: Population) -> str:
    """How much more often runs with a value are such than the others; has places for `times` and `share`."""
    return _(_OFTEN[population.word])


def counted(population: Population, number: int) -> str:
    """So many of them: `1 failure`, `12 slow runs`."""
    match population.word:
        case "slow":
            text = ngettext("{count} slow run", "{count} slow runs", number)
        case "expensive":
            text = ngettext("{count} expensive run", "{count} expensive runs", number)
        case "retried":
            text = ngettext("{count} retried run", "{count} retried runs", number)
        case "unmet":
            text = ngettext("{count} unmet run", "{count} unmet runs", number)
        case _:
            text = ngettext("{count} failure", "{count} failures", number)
    return text.format(count=wording.count(number))
