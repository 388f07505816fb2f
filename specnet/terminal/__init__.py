"""The way out to a terminal: text that only prints, colour, progress, and the signals that stop work."""
