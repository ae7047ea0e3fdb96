# Shortcuts. `just` alone lists them.

default:
    @just --list

# Everything CI runs, in the same order
ci:
    .ci/run

# The cockpit against an imitation of the gateway on this machine
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# While writing: the fast checks
check:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# All tests, or those whose name holds FILTER
test *FILTER:
    cargo test {{FILTER}}

# The documentation of the code, as CI builds it
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

# Licences, advisories and duplicates; needs cargo-deny
deny:
    cargo deny --locked check

# Spelling; needs typos
typos:
    typos
