import pytest

from fv_benchmark.targets.adb.errors import BenchmarkModelFailed
from fv_benchmark.targets.adb.output import parse
from tests.benchmark.targets.adb import printed

# Version -> init, first inference, calls, mean, median, p95, warm-up calls, peak in bytes, delegate; microseconds.
KNOWN = {
    "YEAR_2018": (4452, 146161, 50, 137722, None, None, 1, None, None),
    "YEAR_2019": (9933, 127425, 15, 66767.6, None, None, 7, None, None),
    "PROFILED_2019": (38467, 79449, 50, 79732, None, None, None, None, None),
    "YEAR_2020": (855, 49060, 50, 33209.4, None, None, 15, None, None),
    "ONE_WARM_UP": (17187, 3512391, 50, 2.95034e6, None, None, 1, None, None),
    "PEAK_2022": (3337, 81913, 1061, 56265.8, None, None, 9, 97_767_444, "TfLiteXNNPackDelegate, 58 of 58 nodes"),
    "PERCENTILES": (5579, 1357602, 50, 1.24027e6, 1239807, 1247415, 1, None, None),
    "YEAR_2025": (119515, 87112, 1000, 63743.2, 51891, 68628, 9, None, "TfLiteXNNPackDelegate, 2168 of 2168 nodes"),
    "LOGCAT_2026": (92318, 187533, 25, 145528, 141253, 187533, 3, None, "TfLiteXNNPackDelegate, 539 of 548 nodes"),
}


@pytest.mark.parametrize("version", KNOWN)
def test_every_version_is_read(version):
    found = parse(getattr(printed, version))
    one = found.measured
    warm_up = None if found.warm_up is None else found.warm_up.count
    assert (
        found.init,
        found.first_inference,
        one.count,
        one.mean,
        one.median,
        one.p95,
        warm_up,
        found.peak_memory_bytes,
        found.delegate,
    ) == KNOWN[version]
    assert one.least <= one.mean <= one.most


def test_the_median_is_not_the_mean_where_a_call_took_long():
    found = parse(printed.YEAR_2025).measured
    assert found.median is not None
    assert found.mean > 1.2 * found.median


def test_calls_that_all_took_the_same_have_no_minimum():
    text = "count=5 curr=42(all same)\nInference timings in us: Init: 1, First inference: 2, Warmup (avg): 3, "
    found = parse(text + "Inference (avg): 42").measured
    assert (found.count, found.least, found.most, found.mean, found.median) == (5, 42, 42, 42, 42)


def test_a_failure_is_the_tools_own_word():
    with pytest.raises(BenchmarkModelFailed) as error:
        parse(printed.FAILED_2025)
    assert "Failed to allocate tensors!; Benchmarking failed." in error.value.why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x1b[2J\x1b]0;owned\x07",
        "count=50 first=1 curr=1 min=1 max=1 avg=1 std=0",
        "Inference timings in us: Init: 1, First inference: 2, Warmup (avg): 3, Inference (avg): 4",
        printed.PERCENTILES.replace("avg=1.24027e+06", "avg=1.24027e+99"),
        printed.PERCENTILES.replace("Init: 5579", "Init: -5579"),
        printed.YEAR_2019.replace("count=15", "count=0"),
        printed.YEAR_2019[: len(printed.YEAR_2019) // 2],
        "count=" + "9" * 100_000 + " first=1",
    ],
)
def test_nonsense_is_refused_and_shows_no_control_characters(text):
    with pytest.raises(BenchmarkModelFailed) as error:
        parse(text)
    assert "\x1b" not in error.value.why
    assert len(error.value.why) < 400


@pytest.mark.parametrize("version", KNOWN)
def test_a_text_that_is_cut_anywhere_is_read_whole_or_refused(version):
    """A cable that is pulled: never a figure from half a line."""
    text = getattr(printed, version)
    whole = parse(text)
    end = text.index("nference timings in us")
    for cut in range(0, end, 7):
        with pytest.raises(BenchmarkModelFailed):
            parse(text[:cut])
    assert parse(text + "\nmore\n") == whole
