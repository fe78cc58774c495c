"""What is fast and what is not, by commands that anyone can run."""
