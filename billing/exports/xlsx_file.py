"""XLSX, written as it is read: one sheet after the other, nothing kept in memory but the row at work.

The parts are those of ECMA-376 (Office Open XML) that every reader needs. Texts are texts (never formulas), counts and
money are numbers with all their digits in the file, times are dates. A sheet holds 1,048,576 rows; the rest goes on in
the next one, under the same heads.
"""

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import BinaryIO
from xml.sax.saxutils import escape

from billing.exports.columns import Cell, Column, Row, Shape, Texts

SHEET_ROWS = 1_048_575
LEVEL = 1
_FLUSH = 500
_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
# Characters that XML 1.0 has no place for.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_TEXT = 32_767
_NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FIXED = {
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
    f' Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_NS}"><numFmts count="2"><numFmt numFmtId="164"'
    ' formatCode="yyyy\\-mm\\-dd\\ hh:mm"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/>'
    '</font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill'
    ' patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/>'
    '</cellStyleXfs><cellXfs count="4"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165"'
    ' applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal"'
    ' xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


class XlsxCells:
    """Parts of rows of a sheet."""

    between = ""

    def cells(self, columns: Sequence[Column], cells: Row) -> str:
        """Each by the shape of its column; empty where it is not known."""
        return "".join(
            "<c/>" if cell is None else _MAKERS.get(column.shape, _number)(cell)
            for column, cell in zip(columns, cells, strict=True)
        )

    def numbers(self, text: str) -> str:
        """Each as a number with all of its digits."""
        return f"<c><v>{text.replace(',', '</v></c><c><v>')}</v></c>".replace("<c><v></v></c>", "<c/>")

    def name(self, text: str) -> str:
        """A text that needs no escapes."""
        return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else "<c/>"


CELLS = XlsxCells()


def write(columns: tuple[Column, ...], rows: Texts, out: BinaryIO, *, sheet_rows: int = SHEET_ROWS) -> int:
    """Writes the table; how many rows."""
    count, sheets = 0, 0
    made = iter(rows)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as package:
        while True:
            first = next(made, None)
            if first is None and sheets:
                break
            sheets += 1
            own = islice(made, sheet_rows - 1)
            count += _sheet(package, sheets, columns, own if first is None else chain([first], own))
        for name, text in {**_FIXED, **_parts(sheets)}.items():
            package.writestr(_entry(name), _HEAD + text)
    return count


def _entry(name: str) -> zipfile.ZipInfo:
    """A part with a fixed time, so that the same rows make the same bytes."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _sheet(package: zipfile.ZipFile, number: int, columns: tuple[Column, ...], rows: Iterator[str]) -> int:
    count = 0
    heads = "".join(_text(column.name, ' s="3"') for column in columns)
    with package.open(_entry(f"xl/worksheets/sheet{number}.xml"), "w", force_zip64=True) as part:
        part.write(
            f'{_HEAD}<worksheet xmlns="{_NS}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1"'
            f' topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
            f"<row>{heads}</row>".encode()
        )
        while some := list(islice(rows, _FLUSH)):
            part.write(("<row>" + "</row><row>".join(some) + "</row>").encode())
            count += len(some)
        part.write(b"</sheetData></worksheet>")
    return count


def _text(cell: Cell, style: str = "") -> str:
    text = escape(_UNFIT.sub("\N{REPLACEMENT CHARACTER}", str(cell)[:_MAX_TEXT]))
    return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{text}</t></is></c>'


def _number(cell: Cell) -> str:
    return f"<c><v>{cell}</v></c>"


def _serial(text: str) -> str:
    passed = datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH
    days, seconds = passed.days, passed.seconds
    return f"{days}" if not seconds else f"{days + seconds / 86_400:.10f}"


def _moment(cell: Cell) -> str:
    return f'<c s="1"><v>{_serial(str(cell))}</v></c>'


def _day(cell: Cell) -> str:
    return f'<c s="2"><v>{_serial(str(cell))}</v></c>'


_MAKERS: dict[Shape, Callable[[Cell], str]] = {Shape.TEXT: _text, Shape.MOMENT: _moment, Shape.DAY: _day}


def _parts(sheets: int) -> dict[str, str]:
    """The parts that name the sheets."""
    numbers = range(1, sheets + 1)
    listed = "".join(f'<sheet name="Costs {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_REL}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    typed = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
    )
    return {
        "xl/workbook.xml": f'<workbook xmlns="{_NS}" xmlns:r="{_REL}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}<Relationship'
        f' Id="rId{sheets + 1}" Type="{_REL}/styles" Target="styles.xml"/></Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
        f' ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml"'
        f' ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{typed}</Types>',
    }
