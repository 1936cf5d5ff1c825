from dataclasses import replace

from fv_benchmark.curve import long_run
from fv_benchmark.render.long_runs import long_run_table, long_run_words, sparks
from fv_benchmark.render.markdown import markdown
from tests.benchmark.builders import report
from tests.benchmark.test_curve import run, slower
from tests.benchmark.test_curves import with_run

DISTURBED = [slower(one, 2, waited_share=0.5) if 40 <= one.at_s < 70 else one for one in run()]


def test_the_three_figures_stand_apart_with_the_curve_beside_them():
    table = long_run_table(with_run(DISTURBED))
    assert table is not None
    assert [column.title for column in table.columns][2:6] == [
        "burst ms",
        "sustained ms",
        "clean ms",
        "of the time clean",
    ]
    (row,) = table.rows
    assert row[:6] == ("food_fp32.tflite", "1", "2.00", "2.00", "2.00", "70%")
    assert row[6] == "–"
    # A bin of four seconds at either edge lies half in the slow stretch.
    assert {"▁", "█"} <= set(row[7])
    assert row[7][0] == row[7][-1] == "▁"


def test_where_a_plot_shows_it_there_are_no_characters():
    table = long_run_table(with_run(DISTURBED), has_curve=False)
    assert table is not None
    assert len(table.columns) == len(table.rows[0]) == 7


def test_without_a_long_run_there_is_no_table():
    assert long_run_table(report()) is None
    assert "Without a pause" not in markdown(report())
    assert "Without a pause" in markdown(with_run(DISTURBED))


def test_a_steady_run_is_a_flat_line():
    assert len(set(sparks(long_run(run())))) == 1


def test_a_small_change_is_drawn_small():
    slices = [slower(one, 1.02) if one.at_s >= 50 else one for one in run()]
    levels = ["▁▂▃▄▅▆▇█".index(character) for character in sparks(long_run(slices))]
    assert max(levels) - min(levels) <= 1


def test_one_line_says_it():
    assert long_run_words(long_run(DISTURBED)) == "burst 2.00 ms, sustained 2.00 ms, clean 2.00 ms (70% of 100 s)"
    crowded = long_run([replace(one, waited_share=0.5) for one in run()])
    assert long_run_words(crowded) == "burst – ms, sustained – ms, clean – ms (0% of 100 s)"
