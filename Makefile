# Two commands: `make demo` shows Metwatch, `make test` checks all of it. Both install what this machine lacks.
# `make queries` makes .sqlx anew after a change of a query or of the schema.
.PHONY: demo test queries

demo:
	@scripts/install.sh demo
	@scripts/demo.sh

test:
	@scripts/install.sh test
	@scripts/test.sh

queries:
	@scripts/queries.sh
