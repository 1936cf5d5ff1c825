"""Labels and names that would break generated source, a page or a terminal, if one of them were printed as it is."""

from __future__ import annotations

NAME = 'Hostile "food" ${2+2} \\(1) </script>\n\u202eevil\\'

LABELS = (
    'say "cheese"',
    "it's",
    "</script><script>alert(1)</script>",
    "two\nlines",
    "carriage\rreturn and\ttab",
    "$name ${System.exit(1)}",
    "back\\slash \\u0041 \\(swift) \\",
    "turned \u202e around \u2066 and \u200f back",
    " spaces at both ends ",
    "=key:value#comment!",
    "{{ jinja }} {% raw %} {# no #}",
    "%s %% %h",
    "terminal \x1b[31m red \x07",
    "line\u2028separator \u2029 paragraph",
    "crème brûlée 寿司 🍣 \U0001f1e9\U0001f1ea",
    "",
    "'''\"\"\"`",
    "zero \x00 byte",
)
