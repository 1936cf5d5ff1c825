"""What an image classifier can consist of: the only names that a `.keras` file may contain.

A list of what is allowed; lists of what is forbidden have been bypassed (see `keras_archive`). None of these layers
runs code from the file, opens another file or keeps a vocabulary (checked against Keras 3.15).
"""

from __future__ import annotations

_LAYER_NAMES = """
InputLayer Conv2D DepthwiseConv2D SeparableConv2D Conv2DTranspose Dense BatchNormalization LayerNormalization
GroupNormalization Rescaling Normalization ReLU Activation LeakyReLU PReLU ELU Softmax GlobalAveragePooling2D
GlobalMaxPooling2D AveragePooling2D MaxPooling2D ZeroPadding2D Cropping2D UpSampling2D Add Subtract Multiply Average
Maximum Minimum Concatenate Reshape Flatten Permute Dropout SpatialDropout2D GaussianDropout GaussianNoise AlphaDropout
ActivityRegularization Identity Resizing CenterCrop RandomFlip RandomRotation RandomZoom RandomCrop RandomTranslation
RandomContrast RandomBrightness RandomSaturation RandomHue RandomShear RandomErasing RandomGrayscale RandomSharpness
RandomGaussianBlur RandomColorJitter RandomColorDegeneration RandomPosterization RandAugment AugMix MixUp CutMix
Solarization Equalization AutoContrast RandomInvert
"""
_OPERATION_NAMES = """
Add Subtract Multiply Divide TrueDivide Maximum Minimum Negative Absolute Square Sqrt Power Exp Mean Max Clip Reshape
Concatenate Transpose Squeeze ExpandDims Pad Relu Relu6 Sigmoid HardSigmoid HardSilu Silu Tanh Softmax Gelu Elu
LeakyRelu Selu Softplus Softsign
"""
LAYERS = frozenset(_LAYER_NAMES.split())
OPERATIONS = frozenset(_OPERATION_NAMES.split())
MODELS = frozenset({"Functional", "Sequential", "Model"})
PARTS = ("keras.initializers", "keras.regularizers", "keras.constraints")
