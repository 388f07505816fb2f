"""Arrays, randomness as a pure function of what it is for, and the pause of garbage collection."""
