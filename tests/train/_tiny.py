"""Settings of the smallest training that learns; apart, because a script needs them before it imports Keras."""

TINY = (
    "model.backbone=tiny",
    "data.input_size=32",
    "data.batch_size=8",
    "stage.scratch.epochs=2",
    "select.holdout=0.2",
    "schedule.warmup_epochs=0",
)
