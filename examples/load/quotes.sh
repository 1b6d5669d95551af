#!/usr/bin/env bash
# Drives the example quotes over gRPC beyond its capacity, with a generator and a client that were not written here.
#
#   examples/load/quotes.sh [SECONDS=60] [TIMES=10] [DIRECTORY]
#
# 1. measures the capacity: h2load in a closed loop, four prices at a time: too few to be refused
# 2. offers TIMES the capacity for SECONDS: h2load at a constant rate; meanwhile a client of Python's grpcio asks for
#    prices too, and counts codes, and refusals that do not say when to retry
# 3. stops the server, prints its ledger, draws DIRECTORY/load.svg, and fails if a ledger does not balance, a request
#    got no answer, or a refusal did not say when to retry
#
# Installs a missing h2load with apt-get, and grpcio into a virtual environment of its own. Needs python3 with venv.
# Sends to the loopback interface only.
set -euo pipefail
. "$(dirname "$0")/common.sh"
need h2load debian nghttp2-client
python=$root/target/load/venv/bin/python
if ! "$python" -c 'import grpc' 2>/dev/null; then
    python3 -m venv "$root/target/load/venv"
    "$python" -m pip install --quiet grpcio
fi

start quotes
# Order { symbol: "ACME", shares: 3 }, behind its prefix: not compressed, eight bytes.
printf '\0\0\0\0\10\12\4ACME\20\3' >"$out/order.bin"
h2load=(h2load -d "$out/order.bin" -H 'content-type: application/grpc' -H 'te: trailers')

"$python" examples/load/client.py "$address" 0
"${h2load[@]}" -D 5 -c 1 -m 4 "$url/quotes.Quotes/Price" >"$out/capacity.txt"
capacity=$(sed -n 's/^finished in [^,]*, \([0-9]*\).*/\1/p' "$out/capacity.txt")
[ "${capacity:-0}" -gt 0 ] || fail 'the capacity was not measured'
printf 'capacity: %s prices a second\n' "$capacity"

scrape &
running=($!)
# The rate is per connection.
"${h2load[@]}" -D "$seconds" -c 8 -m 100 --rps $((capacity * times / 8)) "$url/quotes.Quotes/Price" >"$out/h2load.txt" &
running+=($!)
"$python" examples/load/client.py "$address" "$seconds" >"$out/client.txt"
for job in "${running[@]}"; do wait "$job"; done
stop
grep -E '^(finished|requests|status|traffic)|^(request|req/s) ' "$out/h2load.txt"
cat "$out/client.txt"
cargo run --release --locked --quiet -p examples --example load_chart -- \
    --actor quotes --title "quotes at ${times}x" --metrics "$out/metrics" --svg "$out/load.svg"
grep -qE '^requests: [1-9].* 0 failed, 0 errored, 0 timeout' "$out/h2load.txt" ||
    fail 'h2load got no answer to some of its requests, or made none'
