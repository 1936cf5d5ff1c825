"""An Android app: Kotlin, LiteRT, CameraX, and a plain Kotlin module whose golden test runs on any machine."""

from __future__ import annotations

from collections.abc import Iterator

from fv_embed.project import Content, Project, Target
from fv_embed.render import render

# Where each template goes; PACKAGE is the Java package as a path.
_FILES = {
    "README.md": "README.md",
    ".gitignore": "gitignore",
    "settings.gradle.kts": "settings.gradle.kts",
    "build.gradle.kts": "build.gradle.kts",
    "gradle.properties": "gradle.properties",
    "gradle/libs.versions.toml": "gradle/libs.versions.toml",
    "gradle/wrapper/gradle-wrapper.properties": "gradle/gradle-wrapper.properties",
    "core/build.gradle.kts": "core.gradle.kts",
    "core/src/main/kotlin/PACKAGE/Preprocess.kt": "kotlin/Preprocess.kt",
    "core/src/main/kotlin/PACKAGE/ModelInfo.kt": "kotlin/ModelInfo.kt",
    "core/src/main/resources/PACKAGE/labels.properties": "labels.properties",
    "core/src/test/kotlin/PACKAGE/GoldenTest.kt": "kotlin/GoldenTest.kt",
    "app/build.gradle.kts": "app.gradle.kts",
    "app/src/main/AndroidManifest.xml": "AndroidManifest.xml",
    "app/src/main/res/values/strings.xml": "strings.xml",
    "app/src/main/kotlin/PACKAGE/Classifier.kt": "kotlin/Classifier.kt",
    "app/src/main/kotlin/PACKAGE/MainActivity.kt": "kotlin/MainActivity.kt",
    "app/src/androidTest/kotlin/PACKAGE/GoldenOnDeviceTest.kt": "kotlin/GoldenOnDeviceTest.kt",
}
_GOLDEN = "core/src/test/resources/golden"


def _files(project: Project) -> Iterator[tuple[str, Content]]:
    package = project.names.java_package.replace(".", "/")
    for path, template in _FILES.items():
        yield path.replace("PACKAGE", package), render(f"android/{template}.j2", **project.values())
    yield f"app/src/main/assets/{project.model_file}", project.source.path
    yield f"{_GOLDEN}/golden.properties", project.samples.as_properties()
    for name, png in project.samples.files.items():
        yield f"{_GOLDEN}/{name}", png


TARGET = Target(
    name="android",
    formats=("tflite",),
    files=_files,
    next_step="gradle :core:test :app:assembleDebug  # or open it in Android Studio",
)
