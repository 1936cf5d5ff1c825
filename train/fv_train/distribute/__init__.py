"""Training on several devices: `distribute = "data_parallel"`.

Every device has the whole network and sees its part of each batch; gradients and batch statistics are those of the
whole batch, so the result is that of one device up to the rounding of sums.

    shards      which pictures of a batch go to which device
    engine      what the loop asks of a framework; `mirrored` is tf.distribute, `spmd` is keras.distribution on JAX
    cluster     the machines of one training
    line        the connections between them: who is there, whether all have the same, whether all are still there
    supervise   one machine's part: its training in a child process that can be ended whatever the framework does
    team        what the training in that child asks of the others
"""
