"""Hostile submissions, each with the verdict and the points that it must get. `corpus.write` makes the files.

They are code and not files, since some of them are 300 MB large, a link, a pipe, or have a name that no repository can
hold. They belong to a small exercise of their own, `course.py`, so that they stay as they are when a real one changes.
"""
