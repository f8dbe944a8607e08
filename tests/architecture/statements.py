"""Statements about rows of teams, read from the text of the apps: what each says, constants of its module put in."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("accounts", "monitoring", "ingestion", "alerts", "billing", "config")


@dataclass(frozen=True, slots=True)
class Statement:
    """Text of SQL in a file; what is filled in when it runs stands in braces."""

    path: str
    line: int
    text: str

    def placeholders(self) -> set[str]:
        """Names of what is filled in, without arguments."""
        return {re.split(r"\W", name)[0] for name in re.findall(r"\{([^{}]+)\}", self.text)}


def statements(tables: Iterable[str]) -> Iterator[Statement]:
    """All texts of the apps that read or write one of these tables; migrations left out."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from of_text(path.read_text(), str(path.relative_to(ROOT)), tables)


def of_text(source: str, path: str, tables: Iterable[str]) -> Iterator[Statement]:
    """The statements of one module."""
    named = "|".join(sorted(tables, key=len, reverse=True))
    uses = re.compile(rf"\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:ONLY\s+)?(?:public\.)?(?:{named})\b(?!\s*\.)")
    if not uses.search(source):
        return
    tree = ast.parse(source)
    constants = {
        target.id: _text(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in _outermost(tree):
        text = _text(node)
        if uses.search(text):
            yield Statement(path, node.lineno, _filled(text, constants))


def _outermost(tree: ast.AST) -> Iterator[ast.expr]:
    """Texts that are no part of another one."""
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and id(node) not in inner:
            if not isinstance(node, ast.Constant):
                inner |= {id(part) for part in ast.walk(node)}
            yield node


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _text(part) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return ""


def _filled(text: str, constants: dict[str, str]) -> str:
    """The text with constants of the module in the place of their names, and constants in those."""
    for _ in range(4):
        text = re.sub(r"\{(\w+)\}", lambda found: constants.get(found[1]) or found[0], text)
    return text
