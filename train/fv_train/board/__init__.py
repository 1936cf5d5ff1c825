"""What TensorBoard shows of a run: scalars, the pictures that the network is shown, the confusion matrix."""
