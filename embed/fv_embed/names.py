"""What a project is called: on a screen, in a path, in a package of Java, in a module of Swift."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fv_core.text import printable

# What a home screen or the title of a window shows of it.
MAX_TITLE_CHARACTERS = 60
MAX_SLUG_CHARACTERS = 40
FALLBACK = "classifier"
# Words that no segment of a package may be (Java Language Specification 3.9, Kotlin's hard keywords).
_RESERVED = frozenset(
    "abstract as assert boolean break byte case catch char class const continue default do double else enum extends "
    "false final finally float for fun goto if implements import in instanceof int interface is long native new null "
    "object package private protected public return short static strictfp super switch synchronized this throw throws "
    "transient true try typealias typeof val var void volatile when while".split()
)


@dataclass(frozen=True)
class Names:
    """`title`: one printable line. `slug`: `[a-z][a-z0-9-]*`. `java_package`; `swift_module`: begins upper case."""

    title: str
    slug: str
    java_package: str
    swift_module: str


def names_for(name: str) -> Names:
    """The names of a project called `name`, which may be any text."""
    title = printable(" ".join(name.split()), max_characters=MAX_TITLE_CHARACTERS) or FALLBACK
    words = re.findall(r"[a-z0-9]+", name.lower())
    slug = "-".join(words)[:MAX_SLUG_CHARACTERS].strip("-") or FALLBACK
    if not slug[0].isalpha():
        slug = f"model-{slug}"
    segment = slug.replace("-", "_")
    segment = f"{segment}_app" if segment in _RESERVED else segment
    module = "".join(word.capitalize() for word in slug.split("-"))
    return Names(title, slug, f"com.example.{segment}", module)
