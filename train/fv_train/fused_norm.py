"""BatchNorm as one kernel, for networks in training on a processor under TensorFlow.

Keras 3 writes batch normalization out in elementary operations; XLA fuses them, but TensorFlow without XLA keeps each
of them, and all of their gradients, as passes over memory. TensorFlow's own kernel does the same in one pass forward
and one backward (docs/findings.md, "The training step"):

    y = gamma (x - m) / sqrt(v + epsilon) + beta        m, v: mean and variance of each channel over (n, h, w)

The kernel answers the unbiased variance v' = v N / (N - 1), N = n h w; Keras averages the biased one, so the moving
variance is fed with v' (N - 1) / N. In bfloat16 the kernel reads and writes bfloat16 and sums in float32, where Keras
converts all of x. Only the batch statistics of 4-D tensors of one device take this way: everything else is Keras's.

The layer is for the copy that learns, which is thrown away; the saved model has Keras's layers.
"""

from __future__ import annotations

from typing import Any

import keras

from fv_train.carry import carry


class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # keras has no type information
    """Keras's layer with TensorFlow's kernel for batch statistics of (n, h, w, C)."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """As Keras's, within rounding."""
        if not (training and self.trainable) or mask is not None or self.synchronized:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        channels = inputs.shape[-1]
        gamma = keras.ops.convert_to_tensor(self.gamma) if self.scale else tf.ones(channels)
        beta = keras.ops.convert_to_tensor(self.beta) if self.center else tf.zeros(channels)
        outputs, mean, unbiased = tf.compat.v1.nn.fused_batch_norm(
            inputs, gamma, beta, epsilon=self.epsilon, is_training=True
        )
        count = tf.cast(tf.size(inputs) // channels, tf.float32)
        # The kernel divides by max(N - 1, 1).
        variance = unbiased * (tf.maximum(count - 1.0, 1.0) / count)
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1.0 - self.momentum))
        return outputs


def with_fused_norms(model: keras.Model) -> keras.Model:
    """A copy of `model`, its BatchNormalizations fused where the kernel fits; the same weights in the same order."""

    def copy(layer: Any) -> Any:
        fits = type(layer) is keras.layers.BatchNormalization and layer.axis in (-1, 3) and len(layer.input.shape) == 4
        fits = fits and not (layer.renorm or layer.synchronized)
        return (FusedBatchNormalization if fits else layer.__class__).from_config(layer.get_config())

    made = keras.models.clone_model(model, clone_function=copy)
    carry(model.get_weights(), made)
    return made
