"""Templates → source code. Every value is escaped by a filter of its language, or the template does not render."""

from __future__ import annotations

from typing import Any

import jinja2

from fv_embed.escape import FILTERS, only_escaped


def render(template: str, **values: Any) -> str:
    """The text of `templates/TEMPLATE`; a name that is not given, or a text without a filter, is an error."""
    return _environment().get_template(template).render(**values)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fv_embed", "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - HTML's escapes are wrong in six of seven languages; `only_escaped` sees to it
        finalize=only_escaped,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment
