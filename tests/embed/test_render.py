"""Templates print nothing that no filter has escaped, and know every name that they use."""

from __future__ import annotations

from importlib.resources import files

import jinja2
import pytest

from fv_embed import render


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Templates of the test instead of the package's."""
    texts: dict[str, str] = {}
    monkeypatch.setattr(jinja2, "PackageLoader", lambda *_: jinja2.DictLoader(texts))
    return texts


def test_a_value_goes_through_its_filter(template: dict[str, str]) -> None:
    template["x"] = "val name = {{ name | kotlin }}\n"
    assert render.render("x", name="$a") == 'val name = "\\u0024a"\n'


@pytest.mark.parametrize("text", ["{{ name }}", "{{ name | upper }}", "{{ name | kotlin ~ name }}"])
def test_a_value_without_its_filter_is_an_error(template: dict[str, str], text: str) -> None:
    template["x"] = text
    with pytest.raises(TypeError, match="no filter has escaped"):
        render.render("x", name="a")


def test_a_name_that_is_not_given_is_an_error(template: dict[str, str]) -> None:
    template["x"] = "{{ nam | kotlin }}"
    with pytest.raises(jinja2.UndefinedError, match="nam"):
        render.render("x", name="a")


def test_text_around_is_left_alone(template: dict[str, str]) -> None:
    template["x"] = "<b>${kept} \\n</b>\n\n{% if true %}\n  yes\n{% endif %}\n"
    assert render.render("x") == "<b>${kept} \\n</b>\n\n  yes\n"


def test_every_template_compiles() -> None:
    folder = files("fv_embed").joinpath("templates")
    environment = render._environment()
    names = environment.list_templates()
    assert len(names) > 25
    for name in names:
        environment.get_template(name)
    assert folder.is_dir()
