from dataclasses import replace

import pytest

from fv_benchmark.render.labels import machine_names, row_name
from fv_benchmark.report import together
from tests.benchmark.builders import report

PI = {"target": "ssh", "board": "Raspberry Pi 5 Model B Rev 1.0", "cpu": "Cortex-A76"}


def on(**changes):
    made = report()
    return replace(made, machines=(replace(made.machines[0], **changes),))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"cpu": "Intel(R) Core(TM) i5-6200U CPU @ 2.30GHz"}, "Intel Core i5-6200U @ 2.30GHz"[:27] + "…"),
        ({"cpu": "Intel(R) Xeon(R) Processor"}, "Intel Xeon"),
        (PI, "Raspberry Pi 5 Model B (ssh)"),
        ({**PI, "emulated": "qemu"}, "Raspberry Pi 5 Model B (ssh, emulated)"),
        ({"cpu": "CPU"}, "CPU"),
    ],
)
def test_a_machine_is_called_by_its_board_or_processor(changes, name):
    assert machine_names(on(**changes)) == [name]


def test_two_of_a_kind_are_numbered():
    assert machine_names(together([on(**PI), on(**PI)])) == [
        "Raspberry Pi 5 Model B (ssh)",
        "Raspberry Pi 5 Model B (ssh) (2)",
    ]


def test_a_row_names_its_machine_only_where_there_are_several():
    one = report()
    assert row_name(one, one.results[0]) == "food_fp32.tflite"
    two = together([one, on(**PI)])
    assert row_name(two, two.results[2]) == "food_fp32.tflite · Raspberry Pi 5 Model B (ssh)"
