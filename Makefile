# `make demo` and `make test` do all the set-up they need, from an empty clone on a bare machine.

.PHONY: demo test check agents-matrix soak chaos memory-bench venv engine small-image images clean
.NOTPARALLEL:

demo: venv engine small-image
	@echo "demo: a fleet on a sample repository, without key or network" >&2
	@.venv/bin/fleet demo

test: venv engine images
	@echo "test: everything, engine and PostgreSQL included; a skip is a failure" >&2
	@scripts/test.sh

check: venv
	@scripts/check.sh

agents-matrix: venv engine images
	@echo "agents-matrix: the real CLIs through every failure, into docs/agents.md" >&2
	@.venv/bin/python -m tests.matrix

# `make soak SEED=n` plays a night again; TASKS and KILLS make it longer or rougher
soak: venv engine small-image
	@echo "soak: 200 tasks, two fifths of them bad, then an independent look at every commit" >&2
	@.venv/bin/python -m tests.soak $(if $(SEED),--seed $(SEED)) \
	  $(if $(TASKS),--tasks $(TASKS)) $(if $(KILLS),--kills $(KILLS))

# `make chaos SEED=n` plays one night again, SEEDS=200 plays seeds 1 to 200, or FIRST=51 to 200
chaos: venv engine small-image
	@echo "chaos: nights in which whatever can fail does, then an independent look at each" >&2
	@.venv/bin/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) \
	  $(if $(FIRST),--first $(FIRST))

# does recall find the right lesson, and how fast; ROUNDS asks each question more often
memory-bench: venv
	@echo "memory-bench: BM25, local and hybrid on the benchmark of lessons; latency among 10,000" >&2
	@.venv/bin/python bench/memory.py $(if $(ROUNDS),--rounds $(ROUNDS))

venv:
	@scripts/venv.sh

engine:
	@scripts/engine.sh

# without the CLIs: the demo needs no network
small-image: venv engine
	@scripts/base-image.sh
	@scripts/agent-image.sh --agents command

images: small-image
	@scripts/agent-image.sh
	@scripts/proxy-image.sh

clean:
	@echo "clean: removing .venv, caches and the tests' PostgreSQL" >&2
	@scripts/postgres.sh stop
	@rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
