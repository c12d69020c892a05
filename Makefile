# `make` prints the targets. Each sets up what it needs: the virtual environment .venv, then its job.
# Works with GNU make 3.81 (macOS) and later, and in a folder with spaces in its path: keep every path here relative.

PY := .venv/bin/python
export PYTHON

.PHONY: help book test lint serve lab bench exercises students grade nbgrader clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s  %s\n", $$1, $$2 }' Makefile

book: .venv/.book ## execute every notebook and build the HTML book
	@$(PY) tools/book.py

test: .venv/.dev ## run the unit tests, every notebook, and the checks of the built pages
	@$(PY) -m pytest --numprocesses=2 --dist=loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout=300 tests book

lint: .venv/.dev ## check style, types and spelling
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m codespell_lib

serve: book ## build the book and serve it at http://localhost:8000
	@$(PY) -m http.server --bind 127.0.0.1 --directory _build/html 8000

lab: .venv/.book ## open the notebooks in JupyterLab
	@$(PY) -m jupyterlab

bench: .venv/.book ## measure the speed of the library
	@$(PY) benchmarks/speed.py

exercises: .venv/.book ## write the exercises' releases from their sources
	@$(PY) -m exercises.grader release

students: .venv/.book ## write the student edition to _build/students, or to TO=FOLDER
	@$(PY) -m exercises.grader students $(or $(TO),_build/students)

grade: .venv/.book ## grade what lies in submissions/ into results/, or IN=FOLDER OUT=FOLDER
	@$(PY) -m exercises.grader grade $(or $(IN),submissions) --out $(or $(OUT),results)

nbgrader: .venv/.book ## prove that the real nbgrader releases and grades our exercises
	@$(PY) tools/nbgrader_proof.py

clean: ## remove what `make book` built (not .venv)
	@rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Without a recipe: a missing or dangling interpreter counts as new, so that the environment is made again.
.venv/bin/python: ;

# The two environments share .venv: what a reader needs, and on top of it what a developer needs.
.venv/.book: .venv/bin/python requirements.txt pyproject.toml tools/environment.sh
	@sh tools/environment.sh requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.book
	@sh tools/environment.sh requirements.txt requirements-dev.txt
	@touch $@
