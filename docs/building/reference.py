"""The API reference: pages in Markdown, made of the OpenAPI description.

One page for each first word of an address (`executions`, `costs` ...): its operations, then the objects that they take
and give, each as a table of fields. Nothing is written by hand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "/api/v1/"
METHODS = ("get", "post", "put", "patch", "delete")
PLACES = {"query": "in the query", "path": "in the address", "header": "as a header"}

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the reference: its file beside the others, its title and its text."""

    name: str
    title: str
    text: str


def pages(description: Schema) -> list[Page]:
    """The pages of a description, by name; `addresses` lists every operation."""
    groups: dict[str, list[tuple[str, str, Schema]]] = {}
    for address, operations in sorted(description["paths"].items()):
        group = address.removeprefix(PREFIX).split("/")[0]
        for method in METHODS:
            if method in operations:
                groups.setdefault(group, []).append((method, address, operations[method]))
    schemas = description["components"]["schemas"]
    made = [Page(name, _title(name), _page(name, groups[name], schemas)) for name in sorted(groups)]
    return [Page("addresses", "All addresses", _index(groups)), *made]


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _index(groups: Mapping[str, list[tuple[str, str, Schema]]]) -> str:
    lines = [
        "# All addresses",
        "",
        "Made from the OpenAPI description by the build of this site. A running installation has it at `/api/schema/`.",
        "[The API](../api.md) says how to begin: keys, scopes, errors, pages.",
        "",
        "| address | does |",
        "|---|---|",
    ]
    for name in sorted(groups):
        for method, address, operation in groups[name]:
            link = f"[`{method.upper()} {address}`]({name}.md#{_anchor(method, address)})"
            lines.append(f"| {link} | {_cell(_first_sentence(operation.get('description', '')))} |")
    return "\n".join([*lines, ""])


def _page(name: str, operations: list[tuple[str, str, Schema]], schemas: Mapping[str, Schema]) -> str:
    lines = [f"# {_title(name)}", ""]
    for method, address, operation in operations:
        lines += _operation(method, address, operation)
    needed = _needed([operation for *_, operation in operations], schemas)
    if needed:
        lines += ["## Objects", ""]
    for one in needed:
        lines += _object(one, schemas[one])
    return "\n".join(lines)


def _operation(method: str, address: str, operation: Schema) -> Iterator[str]:
    yield f"## `{method.upper()} {address}` {{#{_anchor(method, address)}}}"
    yield ""
    yield _prose(operation.get("description", ""))
    yield ""
    parameters = [one for one in operation.get("parameters", ()) if "schema" in one]
    if parameters:
        yield from ("| parameter | where | is | |", "|---|---|---|---|")
        for one in parameters:
            where = PLACES[one["in"]] + (", required" if one.get("required") else "")
            yield f"| `{one['name']}` | {where} | {_type(one['schema'])} | {_cell(one.get('description', ''))} |"
        yield ""
    yield from _body(operation.get("requestBody", {}))
    yield from ("| answer | with | |", "|---|---|---|")
    for status, answer in sorted(operation["responses"].items()):
        kinds = [f"{_type(kind.get('schema', {}))} (`{name}`)" for name, kind in answer.get("content", {}).items()]
        yield f"| {status} | {', '.join(kinds) or 'nothing'} | {_cell(answer.get('description', ''))} |"
    yield ""


def _body(body: Schema) -> Iterator[str]:
    for kind, content in body.get("content", {}).items():
        yield f"Takes `{kind}`: {_type(content.get('schema', {}))}."
        yield ""
        for example in content.get("examples", {}).values():
            yield from (f"{example.get('summary', 'An example')}:", "", "```json")
            yield from (json.dumps(example["value"], indent=2, ensure_ascii=False), "```", "")


def _object(name: str, schema: Schema) -> Iterator[str]:
    yield f"### {name} {{#{name.lower()}}}"
    yield ""
    if schema.get("description"):
        yield from (_prose(schema["description"]), "")
    properties = schema.get("properties")
    if not properties:
        yield from (f"{_type(schema).capitalize()}.", "")
        return
    yield from ("| field | is | |", "|---|---|---|")
    required = schema.get("required", ())
    for field, told in properties.items():
        notes = ["required"] if field in required else []
        notes += ["read only"] if told.get("readOnly") else []
        says = ". ".join(part for part in (_cell(told.get("description", "")).rstrip("."), ", ".join(notes)) if part)
        yield f"| `{field}` | {_type(told)} | {says} |"
    yield ""


def _type(schema: Schema) -> str:
    """What a value is, in words; objects with a name are links to them on the same page."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    parts = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    if parts:
        words = " or ".join(dict.fromkeys(_type(part) for part in parts))
    elif "enum" in schema:
        words = ", ".join(f"`{value}`" for value in schema["enum"] if value not in (None, ""))
    elif schema.get("type") == "array":
        words = f"list of {_type(schema.get('items', {}))}"
    else:
        words = schema.get("format", schema.get("type", "any value"))
    return f"{words} or null" if schema.get("nullable") else words


def _needed(operations: list[Schema], schemas: Mapping[str, Schema]) -> list[str]:
    """The names of all objects that operations take or give, also inside one another."""
    found: set[str] = set()
    waiting: list[Any] = list(operations)
    while waiting:
        names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(waiting.pop()))) - found
        found |= names
        waiting += [schemas[name] for name in names]
    return sorted(found)


def _anchor(method: str, address: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{method}-{address.removeprefix(PREFIX)}".lower()).strip("-")


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", text.strip(), maxsplit=1)[0]


def _prose(text: str) -> str:
    """Text of a description, in which `<` outside code would begin HTML."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)


def _cell(text: str) -> str:
    return " ".join(_prose(text).split()).replace("|", "\\|")
