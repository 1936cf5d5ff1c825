"""A Keras classifier goes in, proven TFLite and ONNX files come out."""
