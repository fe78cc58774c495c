"""Latent Explorer: fit, see, edit and judge GLICO and Glow models of small image sets."""

__version__ = "0.1.0"
