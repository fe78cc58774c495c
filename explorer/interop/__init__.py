"""Readers of checkpoints that other programs wrote, one dialect a file."""
