# What people run here; `just` lists it.

# Lists the recipes
default:
    @just --list

# Gets a clone ready: the toolchain, the dependencies, and blame without the commits that change form only
setup:
    rustup show active-toolchain || rustup toolchain install
    cargo fetch --locked
    git config blame.ignoreRevsFile .git-blame-ignore-revs

# Compiles the spec and writes the tree
render:
    cargo run --quiet -- render

# Rules and drift
check:
    cargo run --quiet -- check

# The tests that need only Rust
test:
    cargo test
    cargo test --package espalier-operator

# Rewrites golden trees, the repository's own, expected findings, and what describes the API; read the diff before you commit it
bless:
    BLESS=1 cargo test --test it
    BLESS=1 cargo test --package espalier-operator openapi
    git diff --stat

# Form and lints, as CI has them
lint:
    cargo fmt --all --check
    cargo clippy --all-targets -- -D warnings
    cargo clippy --package espalier-operator --all-targets -- -D warnings
    .ci/boundary

# The tree against the real Kubernetes, Argo CD and their tools; builds what is missing
judge *ARGS:
    tests/real/run {{ARGS}}

# The judges' own Python: ruff, mypy, the tests of its pure parts
judge-lint *ARGS:
    tests/real/lint {{ARGS}}

# Real programs, a browser in front of them, and the drill of a lost node; run it before any release
live *ARGS:
    tests/real/live {{ARGS}}

# What a person types to get workspaces and their chats to answer; `--write` puts it into README.md
accept *ARGS:
    tests/real/accept {{ARGS}}

# What takes hours: misspelt specs, real charts, every second of PostgreSQL's start, the real programs
long CHARTS:
    ESPALIER_MUTATIONS=20000 cargo test --release --locked --test it -- mutations --nocapture
    CHARTS={{CHARTS}} DATABASE_SECONDS=60 tests/real/run
    tests/real/live

# The API against its description with 10,000 examples, its figures, and ten million bodies; wants cargo-fuzz
api-long:
    cargo build --profile dist --package espalier --bin espalier
    cargo build --profile dist --package espalier-operator --bin espalier-operator
    API_EXAMPLES=10000 ESPALIER=target/dist/espalier tests/real/run --only api --no-faults
    cp Cargo.lock fuzz/Cargo.lock
    cargo fuzz run -s none workspace fuzz/corpus/workspace fuzz/seeds/workspace tests/golden/operator/spec/workspaces -- -runs=10000000

# Benchmarks: compile, emit, the tenants' stream
bench *ARGS:
    cargo bench {{ARGS}}

# 1 to 10,000 tenants beside baselines and other programs, in one table; about half an hour
scale *SIZES:
    benches/scale {{SIZES}}

# The operator beside two Go operators that apply the same objects, in one table: over an hour; `--workspaces 100` in minutes
operator-figures *ARGS:
    tests/real/figures {{ARGS}}

# Licences, sources and bans of the dependencies
deny:
    .ci/deny

# Spelling, and the workflows
prose:
    .ci/lint

# The documentation of the library, without a broken link
doc:
    RUSTDOCFLAGS=-Dwarnings cargo doc --locked --no-deps

# The static programs, compiler and operator, with licences, SBOM and checksums, in dist/
dist *TARGET:
    .ci/dist {{TARGET}}

# Everything that CI runs
ci:
    .ci/run
