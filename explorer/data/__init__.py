"""Loaders: each returns one and the same record of labelled images."""
