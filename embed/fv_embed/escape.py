"""Text from a model file inside source code: one filter a language, and nothing reaches a template without one.

A label or a name may hold quotes, a line break, `</script>`, `$`, a backslash, or marks that turn the direction of what
stands around them ("Trojan Source", CVE-2021-42574). Whatever is not plain printable ASCII is written as an escape of
the language, so that generated source says on screen what it means. Each filter gives a whole literal, quotes included.
"""

from __future__ import annotations

import html as _html
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

_PLAIN = re.compile(r"[ !#%&'()*+,\-./0-9:;=?@A-Z\[\]^_`a-z{|}~]")
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")


class Escaped(str):
    """Text that a filter has made fit for the place where it stands."""

    __slots__ = ()


def only_escaped(value: Any) -> Any:
    """Jinja's finalizer: numbers and escaped text pass, any other text is a mistake in a template."""
    if isinstance(value, Escaped | int | float):
        return value
    raise TypeError(f"a template prints {type(value).__name__} that no filter has escaped")


def code(text: str) -> Escaped:
    """A word of our own making that stands in code as it is: an identifier, a package, a version, a digest."""
    if _CODE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no word of code")
    return Escaped(text)


def kotlin(text: str) -> Escaped:
    """A Kotlin string literal: `$` would begin a template (Kotlin specification, lexical grammar, LineString)."""
    return Escaped('"' + "".join(_kept(character) or _utf16(character) for character in text) + '"')


def swift(text: str) -> Escaped:
    r"""A Swift string literal: `\(` would begin an interpolation (The Swift Programming Language, String Literals)."""
    return Escaped('"' + "".join(_kept(character) or f"\\u{{{ord(character):x}}}" for character in text) + '"')


def python(text: str) -> Escaped:
    """A Python string literal."""
    return Escaped(ascii(text))


def javascript(text: str) -> Escaped:
    """A JSON and JavaScript string literal that may also stand inside a `<script>` element."""
    escaped = json.dumps(text, ensure_ascii=True)
    return Escaped("".join(f"\\u{ord(one):04x}" if one in "<>&" else one for one in escaped))


def javascript_list(texts: Sequence[str]) -> Escaped:
    """A JavaScript array of string literals, one a line."""
    return Escaped("[" + "".join(f"\n  {javascript(text)}," for text in texts) + "\n]" if texts else "[]")


def yaml(text: str) -> Escaped:
    """A double-quoted YAML scalar: every JSON string is one (YAML 1.2, 1.3)."""
    return javascript(text)


def html(text: str) -> Escaped:
    """Text in HTML, in an element or in a quoted attribute; invisible characters as references."""
    escaped = _html.escape(text, quote=True)
    return Escaped("".join(one if _kept(one) or one in '"$\\' else f"&#x{ord(one):x};" for one in escaped))


def android_string(text: str) -> Escaped:
    """Text of a string resource (Android, String resources: formatting and styling): XML and backslash escapes."""
    escaped = "".join(_resource(character) for character in text)
    return Escaped(f'"{escaped}"')


def properties(text: str) -> Escaped:
    """A value of a Java properties file (java.util.Properties.load); leading spaces would be lost."""
    escaped = "".join(_property(character) for character in text)
    return Escaped("\\" + escaped if escaped.startswith(" ") else escaped)


def markdown(text: str) -> Escaped:
    """Text in Markdown on one line; what Markdown or HTML would take as markup is escaped."""
    return Escaped("".join(_marked(character) for character in text))


def systemd(text: str) -> Escaped:
    """A value in a unit file: one line, `%` doubled, no continuation by a backslash (systemd.syntax(7))."""
    shown = "".join(character if _kept(character) else " " for character in text)
    return Escaped(" ".join(shown.split()).replace("%", "%%"))


def _kept(character: str) -> str:
    return character if _PLAIN.fullmatch(character) else ""


def _utf16(character: str) -> str:
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at]:02x}{data[at + 1]:02x}" for at in range(0, len(data), 2))


def _property(character: str) -> str:
    return _kept(character) or _utf16(character)


def _resource(character: str) -> str:
    if character in "@?'&":  # the first two would name another resource
        return _utf16(character)
    return _kept(character) or _utf16(character)


def _marked(character: str) -> str:
    if character.isalnum() and character.isascii():
        return character
    if character == " ":
        return " "
    return f"&#{ord(character)};" if character.isprintable() else "�"


FILTERS: dict[str, Callable[..., Escaped]] = {
    "android_string": android_string,
    "code": code,
    "html": html,
    "javascript": javascript,
    "javascript_list": javascript_list,
    "kotlin": kotlin,
    "markdown": markdown,
    "properties": properties,
    "python": python,
    "swift": swift,
    "systemd": systemd,
    "yaml": yaml,
}
