"""`check` and `submit` for one notebook: runs the public cases, names mistakes, keeps the progress, writes the file."""


def exercise(name, cases): ...
