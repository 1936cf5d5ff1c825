"""What only a runtime can say of a model file: does it open, and how much of it does the delegate take?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fv_core.errors import FvError
from fv_edge_runtime.backends import open_session
from fv_edge_runtime.backends._tflite import TfliteSession
from fv_edge_runtime.classifier import check_sound
from fv_edge_runtime.facts import ModelFacts
from fv_edge_runtime.partitions import outside_operators
from fv_edge_runtime.tflite_file import read_tflite


def with_session(path: Path, facts: ModelFacts) -> ModelFacts:
    """`facts` with the runtime's name and, of a TFLite file, its partitions; or with the reason why it did not open."""
    if facts.unsound:
        return replace(facts, not_opened="fv gives no unsound file to a runtime")
    try:
        check_sound(path)
        session = open_session(path)
    except FvError as error:
        return replace(facts, not_opened=str(error))
    if not isinstance(session, TfliteSession):
        return replace(facts, runtime=session.runtime)
    delegates = session.delegate_nodes()
    return replace(
        facts,
        runtime=session.runtime,
        partitions=len(delegates),
        outside=outside_operators(read_tflite(path), delegates, delegates_int8=session.delegates_int8),
    )
