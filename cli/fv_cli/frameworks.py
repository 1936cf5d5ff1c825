"""Keras, imported without its chatter.

TensorFlow's native libraries write to file descriptor 2 before any logging is set up ("All log messages before
absl::InitializeLog()…"), past `TF_CPP_MIN_LOG_LEVEL`. Commands that need Keras call `import_keras` first, before their
own imports can bring it in.
"""

from __future__ import annotations

from fv_edge_runtime.native_output import captured_stderr


def import_keras() -> None:
    """Import Keras and its backend; raises what the import raises."""
    with captured_stderr():
        import keras  # noqa: F401 - imported for its effect
