"""The evaluation folder: one set of predictions as archive, CSV, JSON and a self-contained HTML page.

predictions_SPLIT_FINGERPRINT.npz   `fv_core.predictions`
predictions_SPLIT.csv   one line a picture: sample id, true label, answer, its probability, right or not
per_class_SPLIT.csv     pictures, precision, recall and F1 of each class
confusion_SPLIT.csv     rows are true classes, columns answers
report_SPLIT.json       everything but the single pictures
report_SPLIT.html       for people, with the surest mistakes as pictures

Every accuracy stands with its split, number of classes and pictures, and crop.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fv_core.files import write_text
from fv_core.predictions import Predictions
from fv_core.preprocess import Preprocess
from fv_core.units import percent_as_text
from fv_train.metrics import Metrics
from fv_train.mistakes import Mistake
from fv_train.run import predictions_name

SCHEMA_VERSION = 1
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Report:
    """What was found, and where it is. `selected_on_reported`: epochs were chosen on the reported split itself."""

    name: str
    folder: Path
    html: Path
    metrics: Metrics
    preprocess: Preprocess
    dataset_fingerprint: str
    model_sha256: str
    selected_on_reported: bool

    def sentence(self) -> str:
        """Top-1 and top-5 with everything that a reader needs to compare them."""
        metrics = self.metrics
        seen, known = len(metrics.seen()), len(metrics.classes)
        classes = f"{known} classes" if seen == known else f"{known} classes ({seen} with pictures)"
        doubt = "; epochs were selected on the reported split" if self.selected_on_reported else ""
        return (
            f"top-1 {_with_interval(metrics.top1, metrics.top1_ci95)}, "
            f"top-5 {_with_interval(metrics.top5, metrics.top5_ci95)} of {metrics.n} pictures, split {metrics.split}, "
            f"{classes}, one crop of {self.preprocess.crop_fraction:g} of the square "
            f"at {self.preprocess.input_size} px{doubt}"
        )

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        metrics = asdict(self.metrics)
        metrics["confusion"] = self.metrics.confusion.tolist()
        return {
            "schema_version": SCHEMA_VERSION,
            "model": self.name,
            "model_sha256": self.model_sha256,
            "dataset_fingerprint": self.dataset_fingerprint,
            "preprocess": asdict(self.preprocess),
            "selected_on_reported": self.selected_on_reported,
            **metrics,
        }


def write(
    *,
    folder: Path,
    name: str,
    selected_on_reported: bool,
    preprocess: Preprocess,
    predictions: Predictions,
    metrics: Metrics,
    mistakes: Sequence[Mistake],
    history: Path | None,
) -> Report:
    """Write every file of the folder, each whole or not at all; `history`: the `history.csv` of a run."""
    split = metrics.split
    report = Report(
        name=name,
        folder=folder,
        html=folder / f"report_{split}.html",
        metrics=metrics,
        preprocess=preprocess,
        dataset_fingerprint=predictions.dataset_fingerprint,
        model_sha256=predictions.model_sha256,
        selected_on_reported=selected_on_reported,
    )
    predictions.save(folder / predictions_name(predictions.dataset_fingerprint, split))
    write_text(folder / f"predictions_{split}.csv", _csv(_PICTURE, _pictures(predictions)))
    rows = [[row.label, row.pictures, row.precision, row.recall, row.f1] for row in metrics.classes]
    write_text(folder / f"per_class_{split}.csv", _csv(["label", "pictures", "precision", "recall", "f1"], rows))
    confusion = zip(predictions.classes, metrics.confusion.tolist(), strict=True)
    write_text(
        folder / f"confusion_{split}.csv",
        _csv(["true \\ answer", *predictions.classes], ([label, *counts] for label, counts in confusion)),
    )
    write_text(folder / f"report_{split}.json", json.dumps(report.to_json(), indent=1) + "\n")
    write_text(report.html, _html(report, mistakes, _history(history)))
    return report


_PICTURE = ["id", "label", "answer", "probability", "correct"]


def _pictures(predictions: Predictions) -> Iterable[list[Any]]:
    answers = predictions.answers()
    for i, sample in enumerate(predictions.ids):
        label, answer = int(predictions.labels[i]), int(answers[i])
        share = f"{float(predictions.probabilities[i, answer]):.6f}"
        yield [sample, predictions.classes[label], predictions.classes[answer], share, int(label == answer)]


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _history(path: Path | None) -> list[dict[str, float]]:
    if path is None or not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [{key: float(row[key]) for key in ("epoch", "loss", "select_top1")} for row in csv.DictReader(stream)]


def _html(report: Report, mistakes: Sequence[Mistake], history: list[dict[str, float]]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["percent"] = percent_as_text
    page = environment.get_template("evaluation.html")
    # A published network has 1,000 classes: those that neither have pictures nor are answered are left out.
    confusion = report.metrics.confusion
    shown = np.flatnonzero(confusion.sum(axis=0) + confusion.sum(axis=1))
    names = [report.metrics.classes[index].label for index in shown]
    confusion = confusion[shown][:, shown]
    largest = confusion.sum(axis=1).clip(min=1)
    cells = [
        (int(j), int(i), int(confusion[i, j]), float(confusion[i, j] / largest[i]))
        for i, j in zip(*confusion.nonzero(), strict=True)
    ]
    return page.render(
        report=report, metrics=report.metrics, cells=cells, names=names, mistakes=mistakes, history=history
    )


def _with_interval(share: float, interval: tuple[float, float]) -> str:
    return f"{percent_as_text(share)} [{100 * interval[0]:.2f}, {100 * interval[1]:.2f}]"
