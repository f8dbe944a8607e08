"""The language of the search field: `model:gpt-4o tag:customer=acme -status:succeeded "exact words"`.

Pure, and never fails: what is no field is text, and `notes` say in sentences what was taken otherwise than it looks.
`field:value` becomes a filter (`monitoring.filters`), everything else texts, all of which must be found.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from accounts import formats
from monitoring.filters import MAX_LENGTH, MAX_QUERY, MAX_VALUES, PLACES, Choice, Filters
from monitoring.search_fields import FIELDS, KNOWN, READERS

MAX_TEXTS = 20
# Words for `in:`, and the kinds of texts that each looks in besides ids and errors.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "logs": ("logs",),
    "input": ("input",),
    "output": ("output",),
    "everything": ("logs", "input", "output", "error"),
}
_PLACE_SPELLINGS = {"inputs": "input", "outputs": "output", "log": "logs", "all": "everything"}
_INSTEAD = {"OR": "repeat a field for “or”", "AND": "all words must be found anyway", "NOT": "put - before a word"}
_QUOTES = str.maketrans("“”„", '"""')
_NAME = re.compile(r"([A-Za-z_]+):(?!//)")


@dataclass(frozen=True, slots=True)
class Text:
    """Words that must be found, or must not; upper and lower case are the same."""

    words: str
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What a query asks for. `choices` are values by parameter, a leading `-` leaves one out, as in addresses."""

    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: tuple[Text, ...] = ()
    places: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Term:
    """A piece of a query as written: `-name:"words"`. `name` is None for text, `spelt` as it was typed."""

    name: str | None
    spelt: str
    words: str
    is_excluded: bool
    is_quoted: bool


def parse_search(query: str) -> Search:
    """Reads a query; at most `MAX_QUERY` characters of it."""
    reader = _Reader()
    if len(query) > MAX_QUERY:
        reader.note(f"Only the first {formats.count(MAX_QUERY)} characters were searched.")
    # Half a surrogate pair is no text that could be sent to the database.
    told = query[:MAX_QUERY].encode("utf-8", "ignore").decode().replace("\x00", " ").translate(_QUOTES)
    for term in _terms(told, reader):
        reader.take(term)
    return reader.search()


def texts_of(query: str) -> tuple[Text, ...]:
    """The texts of a query whose fields are filters already: what looks like a field is text."""
    told = query[:MAX_QUERY].translate(_QUOTES)
    terms = [one for one in _terms(told, _Reader(), fields=False) if one.words]
    return tuple(dict.fromkeys(Text(one.words, one.is_excluded) for one in terms))[:MAX_TEXTS]


def kinds_of(places: tuple[str, ...]) -> frozenset[str]:
    """What is looked through for these places: `logs`, `input`, `output`, `error` (its details)."""
    return frozenset(kind for place in places for kind in _KINDS.get(place, ()))


def write_texts(texts: tuple[Text, ...]) -> str:
    """Texts as a query that `parse_search` and `texts_of` read as these texts."""
    return " ".join(("-" if one.is_excluded else "") + _written(one.words) for one in texts)


def merged(filters: Filters) -> tuple[Filters, Search]:
    """The filters with the fields of `q` among them and only its texts left in `q`, and what `q` said."""
    found = parse_search(filters.q)
    choices = dict(filters.choices)
    for name, values in found.choices.items():
        known = choices.get(name, Choice())
        wanted = (*known.wanted, *(value for value in values if not value.startswith("-")))
        excluded = (*known.excluded, *(value[1:] for value in values if value.startswith("-")))
        choices[name] = Choice(_bounded(wanted), _bounded(excluded))
    places = tuple(dict.fromkeys((*filters.places, *found.places)))
    return replace(filters, q=write_texts(found.texts), choices=choices, places=places), found


def _bounded(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:MAX_VALUES]


def _written(words: str) -> str:
    """Words as one text: quoted where they would be read otherwise."""
    plain = not re.search(r'[\s":]', words) and not words.startswith("-") and words not in _INSTEAD
    return words if plain else '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _terms(query: str, reader: "_Reader", *, fields: bool = True) -> Iterator[_Term]:
    at = 0
    while at < len(query):
        if query[at].isspace():
            at += 1
            continue
        is_excluded = query[at] == "-" and at + 1 < len(query) and not query[at + 1].isspace()
        start = at + is_excluded
        named = _NAME.match(query, start) if fields else None
        spelt = named.group(1) if named else ""
        name = spelt.lower() if named else None
        start = named.end() if named else start
        if query.startswith('"', start):
            words, at = _quoted(query, start + 1, reader)
            yield _Term(name, spelt, words, is_excluded, True)
        else:
            end = next((n for n in range(start, len(query)) if query[n].isspace()), len(query))
            yield _Term(name, spelt, query[start:end], is_excluded, False)
            at = end


def _quoted(query: str, start: int, reader: "_Reader") -> tuple[str, int]:
    """What stands between quotes from `start` on, and where the query goes on; a backslash before a quote keeps it."""
    words: list[str] = []
    at = start
    while at < len(query) and query[at] != '"':
        if query[at] == "\\" and query[at + 1 : at + 2] in ('"', "\\"):
            at += 1
        words.append(query[at])
        at += 1
    if at >= len(query):
        reader.note("A quote was not closed: it was taken to end with the search.")
    return " ".join("".join(words).split()), at + 1


class _Reader:
    """Sorts terms into filters and texts, and keeps what is to be said about them."""

    def __init__(self) -> None:
        self._choices: dict[str, list[str]] = {}
        self._texts: list[Text] = []
        self._places: list[str] = []
        self._notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Something to be said on the page."""
        self._notes.append(sentence)

    def take(self, term: _Term) -> None:
        """Sorts one term in."""
        if term.name is None:
            self._take_text(term)
        elif term.name not in KNOWN:
            self._text(f"{term.spelt}:{term.words}", term)
            # `Error: timeout` and `a:1` are what people paste.
            if term.words and not term.words[0].isdigit():
                self.note(f"“{term.spelt}” is no field, so it was searched as text. Fields: {', '.join(KNOWN)}.")
        elif not term.words:
            self._text(f"{term.spelt}:", term)
            self.note(f"“{term.spelt}:” has nothing after it, so it was searched as text.")
        elif term.name == "in":
            self._take_place(term)
        else:
            self._take_field(term.name, term)

    def search(self) -> Search:
        """What was asked for in all."""
        texts = tuple(dict.fromkeys(self._texts))
        if len(texts) > MAX_TEXTS:
            self.note(f"Only the first {MAX_TEXTS} of {len(texts)} words were searched. Quotes keep words together.")
        choices = {name: tuple(dict.fromkeys(values)) for name, values in self._choices.items()}
        return Search(choices, texts[:MAX_TEXTS], tuple(dict.fromkeys(self._places)), tuple(dict.fromkeys(self._notes)))

    def _take_text(self, term: _Term) -> None:
        if not term.is_quoted and term.words in _INSTEAD:
            how = {
                "OR": "repeat a field for “or”",
                "AND": "all words must be found anyway",
                "NOT": "put - before a word",
            }
            self.note(f"“{term.words}” was left out: {how[term.words]}.")
            return
        if not term.words:
            self.note("Empty quotes were left out.")
        elif term.is_quoted or term.words != "-":
            self._text(term.words, term)

    def _text(self, words: str, term: _Term) -> None:
        if len(words) > MAX_LENGTH:
            self.note(f"Only the first {MAX_LENGTH} characters of a word were searched.")
        self._texts.append(Text(words[:MAX_LENGTH], term.is_excluded))

    def _take_place(self, term: _Term) -> None:
        word = _PLACE_SPELLINGS.get(term.words.lower(), term.words.lower())
        if word not in PLACES:
            self.note(f"“in:{term.words}” was left out: it can be {', '.join(PLACES)}.")
        elif term.is_excluded:
            self.note(f"“-in:{word}” was left out: name the places to search instead.")
        else:
            self._places.append(word)

    def _take_field(self, name: str, term: _Term) -> None:
        read = READERS.get(name)
        told = read(term.words) if read else (FIELDS[name], term.words)
        if isinstance(told, str):
            self.note(f"“{name}:{term.words}” was left out: {told}.")
            return
        parameter, value = told
        if len(value) > MAX_LENGTH:
            self.note(f"Only the first {MAX_LENGTH} characters of “{name}” were searched.")
        # As in addresses: a minus before a value excludes it, too.
        is_excluded = term.is_excluded and not value.startswith("-")
        self._choices.setdefault(parameter, []).append(("-" if is_excluded else "") + value[:MAX_LENGTH])
