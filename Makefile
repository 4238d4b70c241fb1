# Two commands are enough: `make run` starts Kaja, `make test` checks it. Each does its own set-up.
.PHONY: run test check nightly contracts wheel setup setup-test lint lock messages openapi screenshots bench fuzz clean audit
.DEFAULT_GOAL := run
# Whatever the terminal's language: folders' names and texts are UTF-8.
export PYTHONUTF8 = 1

run: setup ## set up and start Kaja
	@exec .venv/bin/kaja up

test: setup-test ## all that every change needs, and the long lanes whose code changed; LANES="storm pages" runs those
	@exec .venv/bin/python -m tests.run $(LANES)

nightly: setup-test ## every lane, also those whose code has not changed
	@exec .venv/bin/python -m tests.run all

check: setup-test ## what the changed files can break, for minutes: nearest tests first
	@exec .venv/bin/python -m tests.check

setup:
	@tools/bootstrap.sh base

setup-test:
	@tools/bootstrap.sh dev
	@.venv/bin/python -m tests.system
	@.venv/bin/python -m tests.realnet.setup

lint: ## style, types, layers and house rules
	@tools/bootstrap.sh dev
	@exec .venv/bin/python -m tests.run lint

contracts: ## fetch the networks' contracts that no package brings along (needs the internet)
	@tools/bootstrap.sh dev
	@exec .venv/bin/python tools/contracts.py

wheel: setup ## build the package that pip, pipx and uvx install, into dist/
	@exec .venv/bin/python -m hatchling build -t wheel -d dist

lock: ## pin the packages again (UPGRADE=1 takes newer ones)
	@tools/lock.sh

audit: ## ask for known holes in the pinned packages (needs the internet)
	@tools/bootstrap.sh dev
	@PATH="$$PWD/.cache/uv/bin:$$PATH" uv tool run pip-audit --disable-pip --require-hashes -r requirements/base.txt

messages: ## collect the texts to translate, and compile the catalogues
	@tools/bootstrap.sh dev
	.venv/bin/python tools/messages.py

openapi: ## write the API's document anew
	@tools/bootstrap.sh dev
	.venv/bin/python -m kaja.api.document > docs/api/openapi.json
	.venv/bin/python -m kaja.outgoing.document > docs/api/webhooks.schema.json

screenshots: setup-test ## the pictures of the README
	@exec .venv/bin/python -m tests.browser.screenshots

bench: ## time to the first page, memory, the calendar beside a million posts, pages under load
	@tools/bootstrap.sh bench
	@missed=0; for each in startup calendar_month pages; do .venv/bin/python -m benchmarks.$$each || missed=1; done; exit $$missed

SECONDS ?= 600
SEED ?= 1
fuzz: ## damage files for every decoder and look whether each is taken or refused with a reason
	@tools/bootstrap.sh dev
	@exec .venv/bin/python -m tests.fuzz $(SECONDS) $(SEED)

clean: ## forget the set-up (data stay where they are)
	rm -rf .venv .cache
