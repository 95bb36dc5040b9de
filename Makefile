# Two commands for a newcomer: `make run` and `make test`. Everything else is listed by `make help`.
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help
.PHONY: help install run demo test test-peers check bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

install: .venv/.installed ## build .venv with the command `lintas` in it

.venv/.installed: requirements.lock pyproject.toml tools/install.sh
	@sh tools/install.sh requirements.lock
	@touch .venv/.installed

.venv/.tested: .venv/.installed requirements-dev.lock
	@sh tools/install.sh requirements-dev.lock
	@touch .venv/.tested

run: install ## the federation in config/ and a morning of traffic through it; Ctrl-C stops it
	@exec .venv/bin/lintas demo

demo: run

test: .venv/.tested ## the core suite, under 5 minutes
	@.venv/bin/python -m pytest -m "not peers" -n 3 --dist loadfile

test-peers: .venv/.tested ## foreign clients, real servers, kills; installs what they need
	@sh tools/peers.sh
	@.venv/bin/python -m pytest -m peers

check: .venv/.tested ## the static checks alone: types, style, import law, names
	@.venv/bin/python -m pytest tests/house

bench: .venv/.tested ## speed, as ratios to a bare hop within one run
	@sh benchmarks/install.sh
	@.venv/bin/python -m benchmarks

clean: ## remove the virtual environment and all state
	rm -rf .venv var
