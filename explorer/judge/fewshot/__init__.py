"""Does a generator help a classifier that has a few labelled images a class? A fair comparison."""
