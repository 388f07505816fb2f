"""One file for each command, with `HELP`, `EXAMPLE`, `add_arguments` and `run`."""
