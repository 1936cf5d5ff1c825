from __future__ import annotations

import pytest

from fv_export.layer_picture import LEVELS, NODE_X, ROW, level, picture
from tests.export.test_layer_html import report, tensor


@pytest.mark.parametrize(("damage", "wanted"), [(0.0, 0), (LEVELS[0], 1), (0.029, 2), (0.2, 4), (1.0, 5)])
def test_damage_has_six_levels(damage: float, wanted: int) -> None:
    assert level(damage) == wanted


def test_rows_stand_in_the_order_of_execution() -> None:
    drawn = picture(report(tensor("b", 0.9), tensor("a", 0.1)))
    assert [row.name for row in drawn.rows] == ["image", "a", "b", "lost"]
    assert [row.level for row in drawn.rows] == [None, 4, 5, None]
    assert {second.y - first.y for first, second in zip(drawn.rows, drawn.rows[1:], strict=False)} == {ROW}
    assert drawn.height > drawn.rows[-1].y


def test_neighbours_are_joined_by_lines_and_others_by_arcs() -> None:
    found = report(tensor("a", 0.5), tensor("b", 0.5))
    found.reads["b"] = ("a", "image")
    arcs = picture(found).arcs
    assert [arc.is_short for arc in arcs] == [True, True, False, True]
    bent = arcs[2].path
    assert bent.startswith(f"M{NODE_X} ")
    assert 0 < int(bent.split("C")[1].split()[0]) < NODE_X
