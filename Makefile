# Two commands: `make demo` shows Metwatch, `make test` checks all of it. Both install what this machine lacks.
.PHONY: demo test

demo:
	@scripts/install.sh demo
	@scripts/demo.sh

test:
	@scripts/install.sh test
	@scripts/test.sh
