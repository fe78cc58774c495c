"""The parts of the tab that trains models."""
