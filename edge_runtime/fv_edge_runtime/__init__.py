"""A model file and a picture go in, probabilities come out; on a Raspberry Pi, with numpy, Pillow and one runtime."""
