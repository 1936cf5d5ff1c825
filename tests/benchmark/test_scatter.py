import pytest

from fv_benchmark.render.axis import WIDTH
from fv_benchmark.render.scatter import HEIGHT, latency_against_drop, size_against_accuracy
from tests.benchmark.builders import accuracy, measured, report

NAMES = [f"food_{scheme}.{suffix}" for scheme in ("fp32", "fp16", "dynamic", "int8") for suffix in ("tflite", "onnx")]


@pytest.fixture
def crowded():
    rows = [measured(name, 1.0 + 0.02 * index) for index, name in enumerate(NAMES)]
    return report(*rows, accuracies={name: accuracy(800, 1000, lost=index) for index, name in enumerate(NAMES)})


def test_without_accuracy_there_is_nothing_to_draw():
    assert size_against_accuracy(report()) is None
    assert latency_against_drop(report()) is None


def test_a_better_model_stands_higher_and_a_larger_drop_too(crowded):
    by_accuracy, by_drop = size_against_accuracy(crowded), latency_against_drop(crowded)
    assert by_accuracy.points[0].y < by_accuracy.points[-1].y
    assert by_drop.points[0].y > by_drop.points[-1].y
    assert by_drop.zero_y == by_drop.points[0].y


def test_intervals_enclose_their_points(crowded):
    for point in (*size_against_accuracy(crowded).points, *latency_against_drop(crowded).points):
        assert point.high_y < point.y < point.low_y


def test_names_lie_on_no_other_name_and_inside_the_plot(crowded):
    points = latency_against_drop(crowded).points
    lines = [(point.label_x, point.label_y, point.label_anchor) for point in points]
    assert len(set(lines)) == len(points)
    for point in points:
        assert 0 < point.label_y < HEIGHT
        assert 0 < point.label_x < WIDTH


def test_without_a_full_model_latency_stands_against_accuracy():
    made = report(accuracies={"food_fp32.tflite": accuracy(paired=False)})
    plot = latency_against_drop(made)
    assert (plot.title, plot.zero_y) == ("Latency and accuracy", None)


def test_two_threads_are_one_size():
    rows = [measured("food_fp32.tflite", 2.0), measured("food_fp32.tflite", 1.0, threads=2)]
    made = report(*rows, accuracies={"food_fp32.tflite": accuracy()})
    assert len(size_against_accuracy(made).points) == 1
    assert len(latency_against_drop(made).points) == 2
