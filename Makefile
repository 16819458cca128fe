# The commands of the project. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 20

.PHONY: quickstart
quickstart: ## Build, start a server, apply examples/quickstart with Terraform, prove it with curl and redis-cli
	@tools/packages quickstart
	@examples/quickstart/run.sh

.PHONY: quickstart-down
quickstart-down: ## Stop the quickstart's server and remove its files
	@examples/quickstart/down.sh

.PHONY: test
test: ## Run every test, the long ones in a short form
	@tools/packages test
	cargo fmt --all --check
	cargo lint
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	tools/public-api
	tools/sdk-features
	cargo build --workspace --bins --examples
	tools/fuzz 60
	tools/run-tests

.PHONY: stress
stress: ## Run the long forms: kill -9, revocation and connection storms at full length, every version of Terraform
	@CERTWARD_LONG_TESTS=1 tools/packages test
	cargo build --workspace --bins --examples
	CERTWARD_LONG_TESTS=1 tools/run-tests

.PHONY: fuzz
fuzz: ## Run each fuzz target for CERTWARD_FUZZ_SECONDS (default 3600), then the property tests at length (CERTWARD_FUZZ_CASES)
	@tools/packages fuzz
	tools/fuzz "$${CERTWARD_FUZZ_SECONDS:-3600}"
	PROPTEST_CASES=$${CERTWARD_FUZZ_CASES:-100000} cargo test --workspace --lib

.PHONY: graph
graph: ## Draw the crates and their modules into docs/architecture.svg
	cargo run --quiet --bin graph

.PHONY: bench
bench: ## Measure against the peers and print the ratios (docs/benchmarks.md)
	@tools/packages bench
	cargo build --workspace --bins --release
	tools/bench

.PHONY: semver
semver: ## Compare the API of the SDK with the last release's (needs cargo-semver-checks and a tag of a release)
	cargo semver-checks --package certward --package certward-pki --baseline-rev "$$(git describe --tags --abbrev=0)"

.PHONY: publish-check
publish-check: ## Package the two crates of the SDK as for the registry, and compile the packages
	cargo publish --dry-run --package certward-pki --package certward
