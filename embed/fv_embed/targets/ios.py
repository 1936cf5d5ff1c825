"""A Swift package: LiteRT, plain Swift preprocessing, and a golden test for a Mac or a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fv_embed.project import Content, Project, Target
from fv_embed.render import render

# Where each template goes; MODULE is the name of the Swift module.
_FILES = {
    "README.md": "README.md",
    "Package.swift": "Package.swift",
    "Sources/MODULECore/Preprocess.swift": "Preprocess.swift",
    "Sources/MODULECore/ModelInfo.swift": "ModelInfo.swift",
    "Sources/MODULEClassifier/Classifier.swift": "Classifier.swift",
    "Tests/GoldenTests/GoldenTests.swift": "GoldenTests.swift",
}
_GOLDEN = "Tests/GoldenTests/golden"


def _files(project: Project) -> Iterator[tuple[str, Content]]:
    module = project.names.swift_module
    for path, template in _FILES.items():
        yield path.replace("MODULE", module), render(f"ios/{template}.j2", **project.values())
    yield f"Sources/{module}Classifier/{project.model_file}", project.source.path
    yield f"Sources/{module}Core/labels.json", json.dumps(project.source.manifest.labels, indent=1) + "\n"
    yield f"{_GOLDEN}/golden.json", project.samples.as_json()
    for name, png in project.samples.files.items():
        yield f"{_GOLDEN}/{name}", png


TARGET = Target(name="ios", formats=("tflite",), files=_files, next_step="swift test  # on a Mac")
