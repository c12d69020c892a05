"""What the Makefile calls, one command a module: `python -m tools.NAME`."""
