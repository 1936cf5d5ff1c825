import json
from dataclasses import replace

from fv_benchmark.gate import Budget, judge
from fv_benchmark.gate_files import write_gate
from tests.benchmark.answers import image_set, pair


def test_page_and_record_stand_side_by_side_and_name_no_place(tmp_path):
    full, file = pair(lost=3, alike=50)
    imageset = image_set(tmp_path / "set", file)
    page = write_gate(tmp_path / "gate", judge("a_int8.tflite", full, file, Budget(1.0)), imageset)
    record = page.with_suffix(".json")
    assert (page.name, record.name) == ("a_int8.tflite.html", "a_int8.tflite.json")
    assert json.loads(record.read_text())["flipped"] == 3
    assert [text for text in (page.read_text(), record.read_text()) if str(tmp_path) in text] == []


def test_a_name_with_folders_stays_in_the_folder(tmp_path):
    full, file = pair(lost=1, alike=9)
    imageset = image_set(tmp_path / "set", file)
    found = replace(judge("x", full, file, Budget(1.0)), name="../a/x.onnx")
    assert write_gate(tmp_path / "gate", found, imageset).parent == tmp_path / "gate"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gate", "set"]
