"""What a filter gives is a literal of its language that means the text again, or markup that cannot be left."""

from __future__ import annotations

import ast
import html
import json
import re
from xml.etree import ElementTree

import pytest

from fv_embed import escape
from fv_embed.escape import FILTERS, Escaped
from tests.embed import hostile

TEXTS = [
    *hostile.LABELS,
    hostile.NAME,
    "plain words",
    "\ud83c\udf63".encode("utf-16", "surrogatepass").decode("utf-16"),
]
# Filters whose result is a literal or a value of plain ASCII. The others: markup, or a word that is refused instead.
LITERALS = ("kotlin", "swift", "python", "javascript", "yaml", "properties", "android_string")


def unicode_escapes(text: str) -> str:
    r"""`\uXXXX` -> the character, pairs of surrogates joined; what else a backslash stands before is an error."""
    parts = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    assert "\\" not in re.sub(r"\\u[0-9a-f]{4}", "", text)
    return parts.encode("utf-16", "surrogatepass").decode("utf-16")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", LITERALS)
def test_a_literal_is_plain_ascii_on_one_line(name: str, text: str) -> None:
    assert re.fullmatch(r"[ -~]*", FILTERS[name](text))


@pytest.mark.parametrize("text", TEXTS)
def test_python_reads_it_back(text: str) -> None:
    assert ast.literal_eval(escape.python(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_javascript_reads_it_back_and_no_element_ends(text: str) -> None:
    literal = escape.javascript(text)
    assert json.loads(literal) == text
    assert "<" not in literal


@pytest.mark.parametrize("text", TEXTS)
def test_kotlin_has_no_template_and_no_open_quote(text: str) -> None:
    inside = escape.kotlin(text)[1:-1]
    assert "$" not in inside
    assert '"' not in inside
    assert unicode_escapes(inside) == text


@pytest.mark.parametrize("text", TEXTS)
def test_swift_has_no_interpolation_and_no_open_quote(text: str) -> None:
    inside = escape.swift(text)[1:-1]
    assert '"' not in inside
    assert set(re.findall(r"\\(.)", inside)) <= {"u"}
    assert re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), inside) == text


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_a_value_of_properties_keeps_its_spaces(text: str) -> None:
    value = escape.properties(text)
    assert not value.startswith(" ")
    assert unicode_escapes(value.removeprefix("\\") if text.startswith(" ") else value) == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_string_resource_is_xml(text: str) -> None:
    element = ElementTree.fromstring(f"<string>{escape.android_string(text)}</string>")  # noqa: S314 - our own text
    assert len(element) == 0
    assert unicode_escapes((element.text or "")[1:-1]) == text


@pytest.mark.parametrize("text", TEXTS)
def test_html_reads_it_back_and_has_no_tag(text: str) -> None:
    escaped = escape.html(text)
    assert not set(escaped) & set("<>\"'")
    # A parser drops or replaces what no document may hold: NUL and other controls.
    printable = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)
    assert re.sub(r"[\ufffd\r]", "", html.unescape(escaped)) == printable.replace("\r", "")


@pytest.mark.parametrize("text", TEXTS)
def test_markdown_is_one_line_without_markup(text: str) -> None:
    escaped = escape.markdown(text)
    assert not re.search(r"[\n\r<>*_`\[\]\\$|\"']", escaped)
    assert html.unescape(escaped).replace("\ufffd", "") == "".join(one for one in text if one.isprintable())


@pytest.mark.parametrize("text", TEXTS)
def test_a_value_of_a_unit_is_one_line_without_specifiers(text: str) -> None:
    value = escape.systemd(text)
    assert re.fullmatch(r"[ -~]*", value)
    assert "%" not in value.replace("%%", "")
    assert not value.endswith("\\")


@pytest.mark.parametrize("name", FILTERS)
def test_plain_words_stay_readable(name: str) -> None:
    text = "words" if name == "code" else ["plain words"] if name == "javascript_list" else "plain words"
    assert (text[0] if isinstance(text, list) else text) in FILTERS[name](text)


@pytest.mark.parametrize("text", ["two words", "", "a;b", "-rf", "../x", "a\n"])
def test_what_is_no_word_of_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no word of code"):
        escape.code(text)


def test_text_without_a_filter_is_refused() -> None:
    with pytest.raises(TypeError, match="no filter has escaped"):
        escape.only_escaped("text")


@pytest.mark.parametrize("value", [1, 0.875, Escaped("x")])
def test_numbers_and_escaped_text_pass(value: object) -> None:
    assert escape.only_escaped(value) is value
