"""A training that does as told; apart, because the process that runs it imports this file and nothing heavy."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from fv_train.begin import TrainOptions
from fv_train.distribute import child
from fv_train.distribute.child import Asking
from fv_train.errors import NonFiniteLoss


def stand_in(pipe: Connection, options: TrainOptions, index: int, workers: tuple[str, ...], log: str) -> None:
    """Instead of `child.work`: what to do is the name of the run's folder, `CHIEF,OTHER`."""
    threading.Thread(target=child._follow_parent, daemon=True).start()
    asking = Asking(pipe, index, workers)
    asking.total(1)
    what = options.out.name.split(",")[index]
    if what == "agree":
        shared = asking.share(f"of {index}".encode())
        if (shared, asking.total(10 + index), asking.total(index)) == (b"of 0", 21, 1):
            pipe.send(("done", None))
        else:
            pipe.send(("fault", "no agreement"))
    elif what == "fail":
        pipe.send(("error", NonFiniteLoss("the loss is nan", why="w", hint="h")))
    elif what == "fault":
        Path(log).write_text("E1122 broken\n    @ 0x1234 frame\n")
        pipe.send(("fault", "RuntimeError: collective failed"))
    elif what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "abort":
        os.kill(os.getpid(), signal.SIGABRT)
    threading.Event().wait()
