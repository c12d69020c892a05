"""The parts of check.py, the one file that a student needs; `exercises.grader.release` joins them."""
