# Frequent commands. `just` without arguments lists them.
default:
    @just --list

test:
    cargo test --workspace

ci:
    bash .ci/run

extra *steps:
    bash .ci/extra {{steps}}

storm k="10" s="20":
    cargo run --release --example storefront -- --storm {{k}} --seconds {{s}}

bench *args:
    cargo bench -p benches {{args}}

# Rewrites the expected compile errors of the macros; read the difference.
ui:
    TRYBUILD=overwrite cargo test -p actors-tests --test ui && git diff tests/tests/ui

# Rewrites the golden files of the macros' expansions; read the difference.
expansions:
    WRITE_EXPANSIONS=1 cargo test -p actors-macros expansions && git diff actors-macros/expansions

model cases="10000":
    MODEL_CASES={{cases}} cargo test --release -p actors-tests --test model

# Every interleaving of a few threads around the mailbox and a reply.
loom *args:
    RUSTFLAGS='--cfg actors_loom' CARGO_TARGET_DIR=target/loom cargo test -p actors-core --release --lib loom -- --test-threads=1 {{args}}
