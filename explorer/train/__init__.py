"""Fitting a model, and the run folder that is the truth about it."""
