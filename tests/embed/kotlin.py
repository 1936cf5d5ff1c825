"""Debian's Kotlin compiler: the generated Android project, compiled once, and its plain part run on this machine.

The plain module and its JUnit test are compiled and run as they are. The Android part is compiled against stubs of the
libraries it uses (`jvm/android_stubs.txt`): that finds what is no Kotlin, not what Android would do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

JVM = Path(__file__).with_name("jvm")
# Where Debian puts them: packages kotlin, junit4 and libhamcrest-java.
JARS = [
    Path("/usr/share/java") / name
    for name in ("kotlin-stdlib.jar", "kotlin-stdlib-jdk7.jar", "junit4.jar", "hamcrest-all.jar")
]
COMPILER_SECONDS = 300


@dataclass(frozen=True)
class Compiled:
    """`jar` of everything; `core`: the folder of the plain module; `package`: of the project."""

    jar: Path
    core: Path
    package: str

    def run(self, main: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a class with the resources of the plain module and of its test."""
        resources = [self.core / "src/main/resources", self.core / "src/test/resources"]
        path = ":".join(map(str, [self.jar, *JARS, *resources]))
        command = ["java", "-cp", path, main, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)


def compile_project(project: Path, work: Path, floats: Path) -> Compiled:
    """Compile an Android project; skips where a tool is missing, fails with the compiler's words.

    `floats`: the Classifier.kt of another project, compiled in a package of its own.
    """
    missing = [name for name in ("kotlinc", "java") if shutil.which(name) is None]
    missing += [str(jar) for jar in JARS if not jar.is_file()]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt install kotlin junit4 default-jdk-headless")
    sources = sorted(project.rglob("*.kt"))
    package = next(path for path in sources if path.name == "Preprocess.kt").read_text().split()[1]
    jobs = work / "Jobs.kt"
    jobs.write_text((JVM / "Jobs.kt").read_text(encoding="utf-8").replace("PACKAGE", package), encoding="utf-8")
    other = work / "Floats.kt"
    text = floats.read_text(encoding="utf-8")
    other.write_text(re.sub(r"^package \S+", f"package floats\n\nimport {package}.*", text), encoding="utf-8")
    jar = work / "project.jar"
    words = ["kotlinc", *map(str, sources), str(jobs), str(other), str(_stubs(work / "stubs", package))]
    words += ["-cp", ":".join(map(str, JARS)), "-d", str(jar)]
    environment = {**os.environ, "JAVA_OPTS": "-Xmx768M -XX:+UseSerialGC -XX:TieredStopAtLevel=1"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=COMPILER_SECONDS, env=environment)
    assert done.returncode == 0, done.stderr
    assert ": warning:" not in done.stderr.replace(f"{jobs}:", ""), done.stderr
    return Compiled(jar, project / "core", package)


def _stubs(folder: Path, package: str) -> Path:
    """The stubs of the Android libraries, one file a class, and the class that the build makes from the resources."""
    text = (JVM / "android_stubs.txt").read_text(encoding="utf-8")
    files = dict(part.split("\n", 1) for part in text.split("--- ")[1:])
    files[f"{package.replace('.', '/')}/R.java"] = (
        f"package {package}; public final class R {{ public static final class string {{ "
        "public static final int app_name = 1; public static final int camera_refused = 2; } }"
    )
    for name, source in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, encoding="utf-8")
    return folder
