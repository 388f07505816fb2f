"""The protocol that a backend implements, and what all backends share."""
