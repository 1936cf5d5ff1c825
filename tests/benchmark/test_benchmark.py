import pytest

from fv_benchmark.answer import answer
from fv_benchmark.benchmark import BenchmarkOptions, benchmark, question_for
from fv_benchmark.errors import DifferentPictures
from fv_benchmark.protocol import Protocol
from fv_benchmark.report_file import read_report, write_report
from fv_core.errors import InputError, UnknownName
from fv_core.progress import Silent
from fv_edge_runtime.errors import BadModelFile
from tests.benchmark.builders import image_set
from tests.edge_runtime import tiny_models

QUICK = Protocol(blocks=2, block_seconds=0.02, warm_up_seconds=0.1)


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    tiny_models.with_manifest(tiny_models.float_model(), folder / "tiny_fp32.tflite")
    tiny_models.onnx_with_manifest(folder / "tiny_fp32.onnx")
    return folder


def test_from_files_to_a_report_that_can_be_stored(tmp_path, models):
    image_set(tmp_path / "set")
    options = BenchmarkOptions((models,), imageset=tmp_path / "set", protocol=QUICK)
    full = answer(models / "tiny_fp32.tflite", question_for(options), Silent(), "answering")
    report = benchmark(options, Silent(), full)
    assert [result.model for result in report.results] == ["tiny_fp32.tflite", "tiny_fp32.onnx"]
    for result in report.results:
        assert result.accuracy.n == 60
        assert (result.accuracy.drop_pp, result.accuracy.agreement) == (0.0, 1.0)
        assert result.peak_memory_bytes > 0
        assert len(result.block_lengths) == 2
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path / "report.json") == report


def test_threads_are_rows(models):
    report = benchmark(BenchmarkOptions((models / "tiny_fp32.onnx",), threads=(1, 2), protocol=QUICK), Silent())
    assert [result.threads for result in report.results] == [1, 2]
    assert all(result.accuracy is None for result in report.results)


def test_a_bad_file_ends_the_benchmark_with_its_error(models):
    (models / "bad_int8.tflite").write_bytes((models / "tiny_fp32.tflite").read_bytes()[:300])
    with pytest.raises(BadModelFile):
        benchmark(BenchmarkOptions((models,), protocol=QUICK), Silent())


def test_answers_about_another_image_set_are_refused(tmp_path, models):
    image_set(tmp_path / "set")
    image_set(tmp_path / "other", per_class=4)
    first, other = (BenchmarkOptions((models,), imageset=tmp_path / name, protocol=QUICK) for name in ("set", "other"))
    full = answer(models / "tiny_fp32.tflite", question_for(other), Silent(), "answering")
    with pytest.raises(DifferentPictures):
        benchmark(first, Silent(), full)


def test_the_question_is_the_options(tmp_path, models):
    image_set(tmp_path / "set")
    question = question_for(BenchmarkOptions((models,), imageset=tmp_path / "set", limit=7, input_range=(-1.0, 1.0)))
    assert (question.split, question.limit, question.input_range) == ("validation", 7, (-1.0, 1.0))
    assert question_for(BenchmarkOptions((models,))) is None
    with pytest.raises(UnknownName):
        question_for(BenchmarkOptions((models,), imageset=tmp_path / "set", split="trian"))


@pytest.mark.parametrize("wrong", [{"threads": ()}, {"threads": (0,)}, {"limit": 0}])
def test_options_that_measure_nothing_are_refused(models, wrong):
    with pytest.raises(InputError):
        BenchmarkOptions((models,), **wrong)
