"""Our Glow against the implementations that can be installed from a package index."""
