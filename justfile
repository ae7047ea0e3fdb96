# Shortcuts. `just` alone lists them.

default:
    @just --list

# Everything CI runs, in the same order
ci:
    .ci/run

# The cockpit against an imitation of the gateway on this machine
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# Every picture of the README and the manual, drawn anew by the program itself; ten minutes, most of them waiting
pictures:
    cargo build --release
    cargo run --release --example picture -- --out assets/pictures assets/scenes/*.scene

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
