from dataclasses import replace

from fv_benchmark.compare import Verdict, compare
from fv_benchmark.differences import differences, machine_pairs
from fv_benchmark.report import together
from tests.benchmark.builders import machine, measured, report

NAME = "food_int8.tflite"


def on(median_ms=1.0, **changes):
    made = report(measured(NAME, median_ms))
    return replace(made, machines=(replace(made.machines[0], **changes),))


PI = {"target": "ssh", "board": "Raspberry Pi 5", "cpu": "Cortex-A76"}


def test_a_machine_does_not_differ_from_itself_whatever_its_load_was():
    assert differences(machine(), replace(machine(), load_before=9.0, load_after=None)) == []


def test_whatever_may_have_changed_a_latency_is_said():
    one = replace(machine(governor="ondemand"), facts={"thermal_status": "none", "webgpu": True})
    other = replace(machine(governor="performance"), kernel="Linux 6.6", facts={"thermal_status": "light"})
    assert differences(one, other) == [
        "kernel Linux 6.1 before, Linux 6.6 now",
        "governor ondemand before, performance now",
        "thermal status none before, light now",
        "webgpu yes before, unknown now",
    ]


def test_the_same_machine_on_another_day():
    found = compare(on(governor="ondemand"), on(governor="performance"))
    assert "the machine: governor ondemand before, performance now" in found.notes
    assert "the reports come from different machines" not in found.notes


def test_machines_are_paired_by_name():
    a, b = together([on(2.0), on(20.0, **PI)]), together([on(10.0, **PI), on(2.0)])
    assert machine_pairs(a, b) == [(0, 1), (1, 0)]
    found = compare(a, b)
    assert [(pair.machines, pair.latency.verdict) for pair in found.pairs] == [
        (("Test", "Test"), Verdict.CANNOT_TELL),
        (("Raspberry Pi 5 (ssh)", "Raspberry Pi 5 (ssh)"), Verdict.BETTER),
    ]


def test_an_only_machine_is_compared_with_all():
    a, b = on(2.0), together([on(2.0), on(20.0, **PI)])
    found = compare(a, b)
    assert [pair.machines for pair in found.pairs] == [("Test", "Test"), ("Test", "Raspberry Pi 5 (ssh)")]
    assert (found.only_a, found.only_b) == ((), ())


def test_a_machine_without_its_like_is_named():
    a, b = together([on(), on(**PI)]), together([on(), on(cpu="Another")])
    found = compare(a, b)
    assert found.only_a == ("food_int8.tflite (1 thread, Raspberry Pi 5 (ssh))",)
    assert found.only_b == ("food_int8.tflite (1 thread, Another)",)


def test_two_reports_of_one_machine_each_need_no_names():
    assert compare(on(), on(**PI)).pairs[0].machines is None
