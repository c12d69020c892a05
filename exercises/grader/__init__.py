"""Grade notebooks: values come out of a sandbox, the verdict is made outside. `python -m exercises.grader`."""
