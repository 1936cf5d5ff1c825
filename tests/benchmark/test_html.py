import re
from html.parser import HTMLParser

import pytest

from fv_benchmark.render.html import html
from tests.benchmark.builders import accuracy, measured, report

HOSTILE = '<script>alert("1")</script>\x1b[31m_int8.tflite'
# Elements that HTML closes by itself (HTML Living Standard, void elements).
VOID = {"meta"}


class Reader(HTMLParser):
    """Every element is closed in order; what stands where is kept."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.attributes = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(text):
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.fixture
def page():
    names = ("food_fp32.tflite", "food_int8.onnx")
    return html(report(*(measured(name, 1.0) for name in names), accuracies={name: accuracy(lost=1) for name in names}))


def test_the_page_is_well_formed_and_has_all_plots(page):
    reader = read(page)
    assert reader.seen.count("svg") == 3
    assert reader.seen.count("table") == 3
    assert "food_int8.onnx" in page


def test_the_page_needs_nothing_else(page):
    reader = read(page)
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.seen)
    assert not {"src", "href", "onload", "onclick"} & {name for name, _ in reader.attributes}
    assert not re.search(r"https?:|url\(|@import", page)


def test_without_accuracy_only_the_calls_are_drawn():
    assert read(html(report())).seen.count("svg") == 1


def test_light_and_dark_have_the_same_colours(page):
    light, dark = page.split("@media (prefers-color-scheme: dark)")[:2]
    names = re.findall(r"(--[\w]+):", light)
    assert names
    assert sorted(names) == sorted(re.findall(r"(--[\w]+):", dark.partition("\n}\n")[0]))


def test_a_hostile_name_is_text_and_nothing_else():
    row = measured(HOSTILE, 1.0)
    text = html(report(row, accuracies={HOSTILE: accuracy()}), title=HOSTILE)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\x1b" not in text
    assert "script" not in read(text).seen


def test_a_scheme_of_somebody_else_gets_no_class_of_its_own():
    text = html(report(measured('x_"onload=alert(1).tflite', 1.0)))
    assert not [value for name, value in read(text).attributes if name == "class" and "onload" in (value or "")]


def test_the_same_report_is_the_same_page(page):
    names = ("food_fp32.tflite", "food_int8.onnx")
    rows = [measured(name, 1.0) for name in names]
    assert html(report(*rows, accuracies={name: accuracy(lost=1) for name in names})) == page
