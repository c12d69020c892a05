"""The graded exercises: sources, releases, and the grader. Readers' notebooks need `check.py` alone."""
