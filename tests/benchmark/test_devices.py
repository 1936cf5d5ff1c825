from dataclasses import replace

from fv_benchmark import doubts
from fv_benchmark.render.markdown import markdown
from fv_benchmark.render.table import main_table, run_notes, start_table
from fv_benchmark.report import together
from tests.benchmark.builders import accuracy, measured, report

FP32, INT8 = "food_fp32.tflite", "food_int8.tflite"


def two(**accuracies):
    here = report(measured(FP32, 2.0), measured(INT8, 1.0), accuracies=accuracies.get("here"))
    there = report(measured(FP32, 21.0), measured("other_int8.tflite", 9.0), accuracies=accuracies.get("there"))
    there = replace(there, machines=(replace(there.machines[0], target="ssh", board="Raspberry Pi 5"),))
    return together([here, there])


def titles(table):
    return [column.title for column in table.columns]


def test_there_is_a_row_for_each_model_and_a_column_for_each_machine():
    table = main_table(two())
    assert titles(table) == ["model", "MB", "Test, p50 ms", "Raspberry Pi 5 (ssh), p50 ms"]
    assert [row[0] for row in table.rows] == [FP32, INT8, "other_int8.tflite"]
    assert table.rows[0][2].startswith("2.0")
    assert table.rows[0][3].startswith("21.")


def test_what_was_not_measured_on_a_machine_is_absent_there():
    rows = main_table(two()).rows
    assert rows[1][3] == "–"
    assert rows[2][2] == "–"


def test_accuracy_is_a_column_for_each_machine_that_gave_one():
    table = main_table(two(there={FP32: accuracy(lost=2)}))
    assert titles(table)[-1] == "Raspberry Pi 5 (ssh), top-1"
    assert [row[-1] for row in table.rows] == ["78.0 % [68.9, 85.0]", "not measured", "not measured"]


def test_marks_stand_at_the_figure_they_are_about():
    made = two()
    slow = replace(made.results[2], doubts=(doubts.WarmUpTooShort(2, 5),))
    table = main_table(replace(made, results=(*made.results[:2], slow, made.results[3])))
    number = next(mark for mark, text in table.notes if text.startswith("2 of 5 processes"))
    assert number in table.rows[0][3]
    assert number not in table.rows[0][2]


def test_threads_are_rows_of_their_own():
    here = report(measured(FP32, 2.0), measured(FP32, 1.2, threads=2))
    table = main_table(together([here, here]))
    assert [row[1] for row in table.rows] == ["1", "2"]


def test_a_ratio_is_to_the_first_row_of_the_same_machine():
    made = two()
    assert [result.ratio_to_first.value for result in made.results][0::2] == [1.0, 1.0]
    assert [result.machine for result in made.results] == [0, 0, 1, 1]


def test_a_doubt_about_a_session_names_its_machine():
    made = two()
    noted = replace(made, doubts=(doubts.Throttled(3, machine=1),))
    assert run_notes(noted)[0].startswith("Raspberry Pi 5 (ssh): the processor throttled")


def test_start_and_memory_name_the_machine_and_markdown_has_the_same_table():
    made = two()
    assert start_table(made).rows[2][0] == "food_fp32.tflite · Raspberry Pi 5 (ssh)"
    assert "| model | MB | Test, p50 ms | Raspberry Pi 5 (ssh), p50 ms |" in markdown(made)
