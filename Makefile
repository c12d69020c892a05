# `make` prints the targets. Each sets up what it needs: the virtual environment .venv, then its job.
# Works with GNU make 3.81 (macOS) and later, and in a folder with spaces in its path: keep every path here relative.

PY := .venv/bin/python
export PYTHON

.PHONY: help book test notebooks lint lock audit licences serve lab bench lighthouse learn pdf epub release reproducible links \
    services binder accessibility adopt exercises students grade nbgrader clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s  %s\n", $$1, $$2 }' Makefile

book: .venv/.book ## execute every notebook and build the HTML book
	@$(PY) tools/book.py

test: .venv/.dev ## run the unit tests and the checks of the built pages; the book is built first, so every notebook runs
	@$(PY) -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder tests

notebooks: .venv/.dev ## run every notebook as a reader does, with live figures, which the pages' own run has not
	@$(PY) -m pytest --numprocesses=2 --dist=loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout=600 book

lint: .venv/.dev ## check style, types, spelling, licences and the workflows
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m codespell_lib
	@$(PY) -m reuse lint --lines
	@$(PY) -m check_jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@.venv/bin/zizmor --offline --quiet .github
	@if command -v actionlint >/dev/null; then actionlint; fi

lock: .venv/.dev ## pin what the lists *.in need, with hashes; UPGRADE=1 to the newest versions, UPGRADE=NAME one package
	@sh tools/lock.sh $(if $(UPGRADE),$(if $(filter 1,$(UPGRADE)),--upgrade,--upgrade-package $(UPGRADE)))

audit: .venv/.dev ## ask the public database for known weaknesses of what the locks pin
	@$(PY) -m tools.audit

licences: .venv/.dev ## write the list of what others wrote, with its licence, to THIRD-PARTY.md
	@$(PY) tools/book.py
	@$(PY) -m tools.licences

serve: book ## build the book and serve it at http://localhost:8000
	@$(PY) -m http.server --bind 127.0.0.1 --directory _build/html 8000

lab: .venv/.book ## open the notebooks in JupyterLab
	@$(PY) -m jupyterlab

bench: .venv/.book ## measure the speed of the library
	@$(PY) benchmarks/speed.py

lighthouse: .venv/.book ## let Lighthouse judge every page; Node.js and Chromium or Chrome are needed; takes 20 minutes
	@$(PY) tools/book.py
	@$(PY) benchmarks/lighthouse.py --out benchmarks/results/lighthouse.json

learn: .venv/.book ## train the copy machine from one seed and compare it with what the course promises
	@rm -rf _build/learning
	@$(PY) benchmarks/copy_seeds.py --work _build/learning --seeds 1 --out _build/learning/copy_seeds.json
	@$(PY) benchmarks/targets.py --results _build/learning --only copy

pdf: .venv/.dev ## print the book to _build/pdf, with an installed Chromium or Chrome
	@$(PY) tools/book.py
	@$(PY) -m tools.pdf

epub: .venv/.dev ## write the book for e-readers to _build/epub, with an installed Chromium or Chrome
	@$(PY) tools/book.py
	@$(PY) -m tools.epub

release: .venv/.dev ## write the offline archive, PDF, library and exercises to _build/release; TAG=v1.2.3 checks the tag
	@$(PY) -m tools.release --check $(if $(TAG),--tag "$(TAG)")
	@$(PY) tools/book.py
	@$(PY) -m tools.pdf
	@$(PY) -m tools.epub
	@$(PY) -m tools.release $(if $(TAG),--tag "$(TAG)")

reproducible: release ## make the release twice and compare the two, byte by byte
	@mv _build/release _build/first-release
	@$(MAKE) --no-print-directory release; status=$$?; [ $$status -ne 0 ] || diff -r _build/first-release _build/release; \
	    status=$$?; rm -rf _build/first-release; exit $$status

links: .venv/.book ## ask every address that the course points at whether it answers
	@$(PY) -m tools.links

services: .venv/.book ## run every notebook with the versions that Colab and Kaggle ship, or SERVICE=colab
	@$(PY) -m tools.services $(SERVICE)

binder: .venv/.dev ## build what Binder would build in a clean root, and run every notebook in JupyterLab there
	@$(PY) -m tools.binder

accessibility: .venv/.dev ## check every page with axe-core, in both themes and two widths; OUT=accessibility.json keeps the results
	@$(PY) tools/book.py
	@$(PY) -m tools.accessibility $(if $(OUT),--out "$(OUT)")

adopt: ## name another repository everywhere: OWNER=... REPO=... (MOVE=1 where the course itself has moved)
	@$(or $(PYTHON),python3) -m tools.adopt --owner "$(OWNER)" --repo "$(REPO)" $(if $(MOVE),--move)

exercises: .venv/.book ## write the exercises' releases from their sources
	@$(PY) -m exercises.grader release

students: .venv/.book ## write the student edition to _build/students, or TO=FOLDER [REPOSITORY=https://...]
	@$(PY) -m exercises.grader students $(or $(TO),_build/students) $(if $(REPOSITORY),--repository $(REPOSITORY))

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

.venv/.dev: requirements-dev.txt requirements-reuse.txt .venv/.book
	@sh tools/environment.sh requirements-dev.txt requirements-reuse.txt
	@touch $@
