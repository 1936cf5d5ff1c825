from io import StringIO

from rich.console import Console

from fv_benchmark.render.table import Column, Table
from fv_cli.tables import drawn

TABLE = Table((Column("model", is_figure=False), Column("ms")), (("a[red]b", "1.50"), ("better: c", "12")))


def text_of(table, colours=None, color_system=None):
    stream = StringIO()
    Console(file=stream, width=60, color_system=color_system, force_terminal=True).print(drawn(table, colours))
    return stream.getvalue()


def test_figures_stand_to_the_right_and_markup_is_text():
    assert [line.rstrip() for line in text_of(TABLE).splitlines()] == [
        "",
        " model         ms",
        " ────────────────",
        " a[red]b     1.50",
        " better: c     12",
        "",
    ]


def test_a_cell_that_begins_with_the_word_is_coloured_and_no_other():
    lines = text_of(TABLE, {"better": "green"}, "standard").splitlines()
    assert [("\x1b[32m" in line) for line in lines if "better" in line or "a[red]b" in line] == [False, True]
