"""Latency and accuracy with their uncertainty: how they are measured, compared and reported."""
