"""A client of the example quotes: publishes a quote, then asks for prices for some seconds, one after the other.

    python client.py ADDRESS SECONDS

Fails if a price takes longer than its deadline and a second, if a refusal does not say when to retry, or if it asked
for no price.
"""

import collections
import sys
import time

import grpc

# Quote { symbol: "ACME", cents: 990 } and Order { symbol: "ACME", shares: 3 }
QUOTE = b"\x12\x04ACME\x18\xde\x07"
ORDER = b"\x0a\x04ACME\x10\x03"
DEADLINE = 2.0

address, seconds = sys.argv[1], float(sys.argv[2])
codes = collections.Counter()
silent, slowest = 0, 0.0
with grpc.insecure_channel(address) as channel:
    publish = channel.stream_unary("/quotes.Quotes/Publish")
    price = channel.unary_unary("/quotes.Quotes/Price")
    accepted = publish(iter([QUOTE]), timeout=DEADLINE)
    assert accepted == b"\x08\x01", accepted
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            answer = price(ORDER, timeout=DEADLINE)
            # Sum { cents: 2970 }
            assert answer == b"\x08\x9a\x17", answer
            codes["OK"] += 1
        except grpc.RpcError as error:
            codes[error.code().name] += 1
            if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                said = {key for key, _ in error.trailing_metadata() or ()}
                silent += not {"grpc-retry-pushback-ms", "grpc-status-details-bin"} <= said
            # The loop is not to be the load.
            time.sleep(0.01)
        slowest = max(slowest, time.monotonic() - began)
print(f"grpcio: {dict(codes)}, slowest {slowest * 1e3:.0f} ms; {silent} refusals without a time to retry")
# Without a price, nothing was checked. A call of 0 seconds only checks the connection.
was_idle = seconds > 0 and not codes
sys.exit(silent > 0 or slowest > DEADLINE + 1 or was_idle)
