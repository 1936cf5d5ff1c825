from dataclasses import replace

from fv_benchmark.protocol import protocol_for
from fv_benchmark.render.table import about, main_table, run_notes, start_table
from tests.benchmark.builders import QUIET_AFTER, accuracy, measured, report

FP32, INT8 = "food_fp32.tflite", "food_int8.tflite"


def titles(table):
    return [column.title for column in table.columns]


def test_without_pictures_the_table_says_so():
    table = main_table(report())
    assert titles(table) == ["model", "MB", "p50 ms", "p90", "p99", "× first [95 %]", "top-1"]
    assert {row[-1] for row in table.rows} == {"not measured"}
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_with_a_full_model_there_are_drop_and_agreement():
    table = main_table(report(accuracies={FP32: accuracy(), INT8: accuracy(lost=2)}))
    assert titles(table)[-3:] == ["top-1 [95 %]", "drop pp [95 %]", "agreement"]
    assert table.rows[1][-1] == "98.0 %"


def test_without_a_full_model_there_is_no_column_for_it():
    table = main_table(report(accuracies={FP32: accuracy(paired=False), INT8: accuracy(paired=False)}))
    assert titles(table)[-1] == "top-1 [95 %]"


def test_threads_are_a_column_only_where_they_differ():
    rows = [measured(FP32, 2.0), measured(FP32, 1.2, threads=2)]
    table = main_table(report(*rows))
    assert titles(table)[1] == "threads"
    assert [row[1] for row in table.rows] == ["1", "2"]


def test_the_same_doubt_is_one_note_and_its_mark_stands_at_each_name():
    table = main_table(report(measured(FP32, 2.0), measured(INT8, 1.0)))
    assert [row[0] for row in table.rows] == ["food_fp32.tflite ¹", "food_int8.tflite ¹"]
    assert table.notes == (("¹", "no p99: 200 calls, it wants 1000; try: raise --runs"),)


def test_without_doubts_there_are_no_marks():
    table = main_table(report(measured(FP32, 2.0, calls=250)))
    assert (table.rows[0][0], table.notes) == (FP32, ())


def test_start_and_memory_are_a_table_of_their_own():
    table = start_table(report())
    assert table.rows[0] == (FP32, "1", "2.00", "1.50", "50.0", "200", "ai-edge-litert 2.3.0")


def test_energy_is_a_column_only_where_it_is_known_and_its_source_is_always_said():
    made = report()
    assert "mJ a call" not in titles(start_table(made))
    counted = replace(
        made,
        machines=(replace(made.machines[0], energy="measured (RAPL, processor packages)"),),
        results=(replace(made.results[0], energy_mj=12.34), made.results[1]),
    )
    table = start_table(counted)
    where = titles(table).index("mJ a call")
    assert [row[where] for row in table.rows] == ["12.3", "–"]
    assert about(counted)[0].endswith("energy measured (RAPL, processor packages)")


def test_a_preset_is_named():
    made = report()
    assert about(replace(made, protocol=protocol_for("quick")))[1].startswith("preset quick: 5 fresh processes of 2 s")
    assert about(made)[1].startswith("5 fresh processes of 0.5 s")


def test_what_was_measured_is_said_in_lines():
    made = report(accuracies={INT8: accuracy(lost=1)}, after=replace(QUIET_AFTER, busy_s=14.0))
    lines = about(made)
    assert lines[0] == "Test CPU, 2 cores, 8.0 GB, Test OS, Linux 6.1; energy not measurable here"
    assert lines[2].startswith("accuracy on 100 pictures of the split validation of image set fefefefefefe; drop")
    assert run_notes(made) == [
        "other programs used 0.5 processor cores meanwhile (more than 0.25); try: see who with top; close it and run "
        "again"
    ]
