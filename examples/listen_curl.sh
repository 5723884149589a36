#!/bin/sh
# The story of a bot in shell, posted to `livestory listen` with curl. STORY_URL and LIVESTORY_LISTEN_TOKEN say where.
#
#     livestory listen --symbol BTC/USDT &
#     sh examples/listen_curl.sh
set -eu

url=${STORY_URL:-http://127.0.0.1:8731/tell}

# Post one input. Sent again with the same id it is told once, so curl may try again; a bot goes on without an answer.
tell() {
    printf '%s' "$1" | curl --silent --show-error --max-time 5 --retry 3 --retry-connrefused \
        ${LIVESTORY_LISTEN_TOKEN:+--header "Authorization: Bearer $LIVESTORY_LISTEN_TOKEN"} \
        --header 'Content-Type: application/json' --data-binary @- "$url" || true
    echo
}

tell '{"input": "started", "id": "sh-1", "time": "2024-12-03T15:00:00Z", "wealth": "1000"}'
tell '{"input": "fill", "id": "sh-2", "time": "2024-12-03T15:15:00Z", "side": "buy", "quantity": "0.004", "price": "96500.1", "reason": "RSI under 30"}'
tell '{"input": "fill", "id": "sh-3", "time": "2024-12-03T18:15:00Z", "side": "sell", "quantity": "0.004", "price": "97310", "fee": "0.39"}'
tell '{"input": "observation", "id": "sh-4", "time": "2024-12-03T18:15:00Z", "wealth": "1002.85", "price": "97310"}'
tell '{"input": "stopped", "id": "sh-5", "time": "2024-12-03T18:20:00Z", "reason": "the script ended"}'
