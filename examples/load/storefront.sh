#!/usr/bin/env bash
# Drives the storefront over HTTP beyond its capacity, with generators that were not written here.
#
#   examples/load/storefront.sh [SECONDS=60] [TIMES=10] [DIRECTORY]
#
# 1. measures the capacity: oha in a closed loop, charges only
# 2. offers TIMES the capacity for SECONDS in an open loop: oha at a constant rate, a twentieth of it charges, the rest
#    page views; meanwhile wrk sends a few more, and counts refusals without Retry-After
# 3. stops the shop, prints its ledger, draws DIRECTORY/load.svg, and fails if a ledger does not balance, a request got
#    no answer, or a refusal did not say when to retry
#
# Installs a missing oha with cargo, and a missing wrk with apt-get. Sends to the loopback interface only.
set -euo pipefail
. "$(dirname "$0")/common.sh"
need oha cargo install --locked --quiet oha
need wrk debian wrk

start storefront
charge=(-m POST -T application/json -d '{"card": 4242, "cents": 990}' "$url/charge")
view=(-m POST "$url/view?page=/")
# -w: a request in flight at the end is waited for; -t: longer than any deadline of the shop.
oha=(oha --no-tui -w -t 10s --output-format json)

"${oha[@]}" -z 5s -c 64 "${charge[@]}" >"$out/capacity.json"
capacity=$(sed -n 's/.*"requestsPerSec": \([0-9]*\).*/\1/p' "$out/capacity.json")
[ "${capacity:-0}" -gt 0 ] || fail 'the capacity was not measured'
printf 'capacity: %s charges a second\n' "$capacity"

charges=$((capacity * times / 20))
views=$((capacity * times - charges))
scrape &
running=($!)
"${oha[@]}" -z "${seconds}s" -q "$charges" -c 512 "${charge[@]}" >"$out/charges.json" &
running+=($!)
"${oha[@]}" -z "${seconds}s" -q "$views" -c 256 "${view[@]}" >"$out/views.json" &
running+=($!)
wrk -t1 -c4 -d"${seconds}s" -s examples/load/retry_after.lua "$url" >"$out/retry_after.txt"
for job in "${running[@]}"; do wait "$job"; done
stop
cat "$out/retry_after.txt"
cargo run --release --locked --quiet -p examples --example load_chart -- \
    --actor shop --title "storefront at ${times}x" --metrics "$out/metrics" --svg "$out/load.svg" \
    "$out/charges.json" "$out/views.json"
grep -qE '^wrk: ([1-9][0-9]* charges served|[0-9]+ charges served, [1-9])' "$out/retry_after.txt" ||
    fail 'wrk got no answer'
grep -q '^0 refusals without Retry-After' "$out/retry_after.txt" || fail 'a refusal did not say when to retry'
