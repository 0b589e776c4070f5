# What people run here; `just` lists it.

# Lists the recipes
default:
    @just --list

# Compiles the spec and writes the tree
render:
    cargo run --quiet -- render

# Rules and drift
check:
    cargo run --quiet -- check

# The tests that need only Rust
test:
    cargo test

# Rewrites golden trees and expected findings; read the diff before you commit it
bless:
    BLESS=1 cargo test --test it
    git diff --stat

# Form and lints, as CI has them
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# The tree against the real Kubernetes, Argo CD and their tools; builds what is missing
judge *ARGS:
    tests/real/run {{ARGS}}

# Real programs, a browser in front of them, and the drill of a lost node; run it before any release
live *ARGS:
    tests/real/live {{ARGS}}

# Benchmarks: compile, emit, the tenants' stream
bench *ARGS:
    cargo bench {{ARGS}}

# Licences, sources and bans of the dependencies
deny:
    cargo deny check bans licenses sources

# Everything that CI runs
ci:
    .ci/run
