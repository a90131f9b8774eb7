# Every target also works typed by hand. Tool versions are pinned in go.mod.
GO       ?= go
VERSION  ?= 0.1.0-dev+$(shell git describe --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)
PLUGINS  := http postgres redis shell
PKGS     := ./...

.DEFAULT_GOAL := help
.PHONY: help run build test setup lint generate generate-check bench fuzz soak clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

run: build ## build everything, then start the quickstart example on loopback
	./bin/addongw dev examples/quickstart

build: ## build bin/addongw and bin/addongw-plugin-*
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/addongw ./cmd/addongw
	@for p in $(PLUGINS); do \
	  CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/addongw-plugin-$$p ./plugins/$$p/addongw-plugin-$$p || exit 1; \
	done

test: setup lint ## prove everything on real servers, with the race detector
	@if command -v $${CC:-cc} >/dev/null 2>&1; then \
	  CGO_ENABLED=1 $(GO) test -race -timeout 14m $(PKGS); \
	else \
	  echo "no C compiler: testing without the race detector"; \
	  $(GO) test -timeout 14m $(PKGS); \
	fi
	@./.ci/fuzz 200x

setup: ## install the servers and tools that the tests need (Debian packages, as root)
	@./.ci/setup

lint: generate-check ## gofmt, go vet, staticcheck, generated code up to date
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt these files:"; echo "$$out"; exit 1; }
	$(GO) vet $(PKGS)
	$(GO) tool staticcheck $(PKGS)

generate: ## regenerate the plugin protocol and the language reference
	$(GO) generate ./plugins/backend/backendpb
	$(GO) test ./gateway/reference -update

generate-check:
	@./.ci/generate-check

bench: ## print the budgets beside what this machine needs, as ratios measured in one run
	@$(GO) test -run '^$$' -bench Budgets -benchtime 1x -timeout 60m ./cmd/addongw | grep -vE '^(Benchmark|goos|goarch|pkg|PASS|ok)'
	@$(GO) test -run '^$$' -bench . -benchtime 2s ./gateway/platform/... ./gateway/lifecycle ./gateway/config ./gateway/secret | grep -vE '^(goos|goarch|PASS|ok)'

FUZZTIME ?= 1m
fuzz: ## run every fuzz target for FUZZTIME (default 1m each)
	@./.ci/fuzz $(FUZZTIME)

soak: ## kill, repeat and race for long: the crash tables with many repetitions, and every test ten times
	ADDONGW_SOAK=50 $(GO) test -v -count 1 -timeout 4h -run 'Crash|Kill' ./gateway/lifecycle ./plugins/... ./cmd/addongw
	$(GO) test -race -count 10 -timeout 6h $(PKGS)

clean: ## remove what build made
	rm -rf bin
