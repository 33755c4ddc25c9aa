# make run    build everything and start the demo
# make test   install or start what the tests need, and run them all
# make help   the rest

SHELL := /bin/bash
.DEFAULT_GOAL := help
LISTEN ?= 127.0.0.1:8080

.PHONY: help run web build release test nightly test-rust test-browser lint load sample-network deny clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: web build ## build, and start the demo on http://$(LISTEN)
	@exec target/debug/padriew demo --listen $(LISTEN)

web: ## build the browser pages (skipped, and said so, without Node)
	@ops/web.sh build

build: ## build the programs, unoptimised but for the cores
	@echo "== building padriew (a few minutes the first time)"
	@cargo build --locked -p server -p stop-display

release: web ## build the optimised programs
	@cargo build --locked --release -p server -p stop-display

test: ## everything: lints, both databases, with and without Redis, the browser, kill -9
	@ops/test.sh

test-rust: ## the Rust tests alone, against running services (ops/services.sh)
	@ops/test.sh rust

test-browser: ## the browser tests alone
	@ops/test.sh browser

nightly: ## the laws of rating on a million histories each, from a new seed
	@PADRIEW_HISTORIES=1000000 cargo test --locked -p fares --test laws

lint: ## formatting and lints, warnings are errors
	@ops/test.sh lint

load: ## measure the server (release build; minutes; nothing else should run)
	@cargo build --locked --release -p server -p load
	@target/release/load pings
	@target/release/load live
	@target/release/load crash

sample-network: ## write the sample network's feed anew from its facts
	@cargo run --locked --quiet -p sample-network

deny: ## licences, advisories, bans and sources of every dependency (needs cargo-deny)
	@cargo deny --version >/dev/null 2>&1 || { echo "cargo-deny is missing: cargo install --locked cargo-deny"; exit 1; }
	@cargo deny check

clean: ## remove what was built, and the private test services
	@ops/services.sh stop || true
	@rm -rf target .cache stop-display/web/dist stop-display/web/node_modules tests/browser/node_modules
