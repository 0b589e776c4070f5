#!/bin/sh
# Stands in for `openssl s_client` with Open WebUI behind it: notes what it is told, and says what fake/web/events has, line by line.
set -u
LC_ALL=C
export LC_ALL
exec 3<&0
# Gone before it is asked.
if [ "${GONE:-}" ]; then
  printf 'HTTP/1.1 403 Forbidden\r\n\r\n'
  exit
fi
refused=$(cat "$FAKE/web/upgrade" 2>/dev/null)

# A frame: its first byte in octal, its bytes.
frame() {
  if [ "${#2}" -lt 126 ]; then
    printf "\\$1\\$(printf %03o "${#2}")"
  else
    printf "\\$1\\176\\$(printf %03o $((${#2} / 256)))\\$(printf %03o $((${#2} % 256)))"
  fi
  printf %s "$2"
}

# A text; a long one comes in two frames, and a ping between them is no part of it.
text() {
  if [ "${#1}" -lt 200 ]; then
    frame 201 "$1"
  else
    start=$(printf %.150s "$1")
    frame 001 "$start"
    frame 200 "${1#"$start"}"
  fi
}

: >"$FAKE/sent.upgrade"
while IFS= read -r line <&3; do
  line=$(printf %s "$line" | tr -d '\r')
  [ "$line" ] || break
  printf '%s\n' "$line" >>"$FAKE/sent.upgrade"
done
if [ "$refused" ]; then
  printf '%s\r\n\r\n' "$refused"
  exit
fi
rm -f "$FAKE/sent.completions"
cat <&3 >"$FAKE/sent.socket" &
printf 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'
text '0{"sid":"engine","upgrades":[],"pingInterval":25000}'
# WebSocket's own ping, with a zero byte and a line's end in it; then Engine.IO's.
printf '\211\004a\000\n\377'
text 2
[ "${MUTE:-}" ] && exit
text '40{"sid":"Se5-sion_1"}'
text '42["events",{"chat_id":"another","data":{"type":"chat:completion","data":{"done":true}}}]'
text '430[{"id":"7","name":"A"}]'
id=''
for _ in $(seq 6000); do
  id=$(sed -n 's/.*"id": "\([^"]*\)", "messages".*/\1/p' "$FAKE/sent.completions" 2>/dev/null)
  [ "$id" ] && break
  # `sleep` itself is one of the fakes.
  /bin/sleep 0.01
done
while IFS= read -r line; do
  text "42[\"events\",{\"chat_id\":\"local:Se5-sion_1\",\"message_id\":\"$id\",\"data\":$line}]"
done <"$FAKE/web/events"
# It keeps the connection, whatever was said.
[ ! "${LINGERS:-}" ] || exec /bin/sleep 600
# Until the script hangs up.
[ "${HANG_UP:-}" ] || wait
