"""What can go wrong in training, each with a code of its own."""

from __future__ import annotations

from fv_core.errors import FvError, InputError


class BadRecipe(InputError):
    """A recipe that cannot be read, or holds a key or value that it must not."""

    code = "bad-recipe"
    usual_hint = "fv recipes show NAME"


class BadWeights(InputError):
    """A weights file that is missing, damaged, or of another architecture."""

    code = "bad-weights"
    usual_hint = 'give a weights file of keras.applications, or weights = "imagenet" or "none"'


class NoWeights(FvError):
    """Pretrained weights that had to be downloaded and could not be."""

    code = "no-weights"


class BadRun(InputError):
    """A folder that is not a run, or one that is damaged."""

    code = "bad-run"
    usual_hint = "fv train RECIPE trains another; ls runs shows those that are there"


class UnfinishedRun(InputError):
    """A run whose training has not come to its end."""

    code = "unfinished-run"


class ResumeRefused(InputError):
    """A run cannot go on, because its recipe or its pictures are no longer the same."""

    code = "resume-refused"


class NothingToTrain(InputError):
    """An image set on which this recipe cannot train: too few pictures, or too few classes."""

    code = "nothing-to-train"
    usual_hint = "give each class more pictures"


class NonFiniteLoss(FvError):
    """The loss became infinite or no number; the last checkpoint is from before."""

    code = "non-finite-loss"
    usual_hint = "another run with --set optimizer.clip_norm=1 --set precision.compute=float32, or a smaller rate"


class ModelDiffers(FvError):
    """The file that was written does not answer as the network that was trained."""

    code = "model-differs"
    usual_hint = "report it with the recipe; fv train --resume repeats the last step alone"


class OutOfMemory(FvError):
    """A batch does not fit into the memory of the device."""

    code = "out-of-memory"


class LabelMismatch(InputError):
    """A model and an image set speak of different classes."""

    code = "label-mismatch"


class BadTeacher(InputError):
    """A network that cannot teach this one: other classes, or pictures of another size."""

    code = "bad-teacher"
    usual_hint = "--set distill.teacher=RUN of the same image set"


class CannotDistribute(InputError):
    """A combination of backend, devices and settings that cannot be trained on several devices."""

    code = "cannot-distribute"
    usual_hint = "--set distribute=none"


class BadWorkers(InputError):
    """`--worker` and `--workers` do not name the machines of one training."""

    code = "bad-workers"
    usual_hint = "--worker 0 --workers HOST:PORT,HOST:PORT: the same list on every machine, each with its own number"


class WorkersMissing(FvError):
    """Not every worker came in time, or the chief could not be reached."""

    code = "workers-missing"


class TeamMismatch(InputError):
    """The workers were started with different recipes, pictures, versions or devices."""

    code = "team-mismatch"
    usual_hint = "start the same command, on the same versions and the same image set, on every machine"


class WorkerLost(FvError):
    """Another worker ended, or was not heard of for too long, so the training ended."""

    code = "worker-lost"
    usual_hint = "start every worker again, with --resume"


class TrainingDied(FvError):
    """The process that trained was ended from outside, or by its framework."""

    code = "training-died"
    usual_hint = "start every worker again, with --resume"
