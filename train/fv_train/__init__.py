"""An image set and a recipe go in, a trained classifier comes out."""
