import json

from tests.benchmark.builders import accuracy, report

# The schema that other programs read; a change here is a new schema version.
REPORT = {"schema_version", "protocol", "machines", "doubts", "results"}
RESULT = {
    "machine",
    "model",
    "model_sha256",
    "format",
    "scheme",
    "runtime",
    "threads",
    "size_bytes",
    "init_ms",
    "first_ms",
    "latency_ms",
    "ratio_to_first",
    "samples_ns",
    "block_lengths",
    "peak_memory_bytes",
    "doubts",
    "conditions",
    "waited_shares",
    "summaries",
    "energy_mj",
}
ACCURACY = {
    "top1",
    "top1_ci95",
    "top5",
    "n",
    "drop_pp",
    "drop_ci95_pp",
    "agreement",
    "dataset_fingerprint",
    "split",
    "correct_bits",
}


def test_the_schema_is_the_documented_one():
    made = json.loads(json.dumps(report(accuracies={"food_int8.tflite": accuracy(lost=3)}).to_json()))
    assert set(made) == REPORT
    assert made["schema_version"] == 1
    first, second = made["results"]
    assert set(first) == RESULT
    assert set(second) == RESULT | {"accuracy"}
    assert set(second["accuracy"]) == ACCURACY
    assert set(second["latency_ms"]) == {"p50", "p90", "p99"}
    assert set(second["ratio_to_first"]) == {"value", "ci95"}
    assert len(second["ratio_to_first"]["ci95"]) == 2


def test_doubts_are_stored_with_their_sentence():
    stored = report().to_json()["results"][0]["doubts"][0]
    assert stored["kind"] == "too-few-samples"
    assert (stored["samples"], stored["needed"]) == (200, 1000)
    assert stored["sentence"]


def test_blocks_are_cut_where_they_were_measured():
    result = report().results[0]
    assert [len(found) for found in result.blocks()] == [40] * 5
