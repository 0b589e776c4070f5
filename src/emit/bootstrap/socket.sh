# --- A WebSocket with what every node has: openssl for the connection, bash for the frames (RFC 6455) -------------------------------

# `socket_open` fills it in; `receive` ends at `socket_until` (of SECONDS).
socket_in='' socket_out='' socket_pid='' socket_until=0 frame_kind=0 frame_text=''

# Runs a command whose output goes to the other side; that it has hung up shows when it is heard no more.
tell() {
  { "$@" >&"$socket_out"; } 2>/dev/null
}

# Opens it with a line that runs openssl; $1 is that line, $2 the host, $3 the path.
socket_open() {
  local line status=''
  # Whoever hangs up ends a read, not this script.
  trap '' PIPE
  coproc SOCKET { eval "exec $1"; }
  socket_pid=$!
  trap 'kill "$socket_pid" 2>/dev/null || true' EXIT
  # Of its own: bash closes those of a coprocess as soon as it has ended, whatever is still to be read.
  { exec {socket_in}<&"${SOCKET[0]-}" {socket_out}>&"${SOCKET[1]-}"; } 2>/dev/null || fail "the socket at https://$2$3 ended before it was open: openssl's message is above"
  tell printf '%s\r\n' "GET $3 HTTP/1.1" "Host: $2" 'Connection: Upgrade' 'Upgrade: websocket' \
    "Origin: https://$2" 'Sec-WebSocket-Version: 13' \
    "Sec-WebSocket-Key: $(openssl rand -base64 16)" '' || true
  while IFS= read -r -t 30 -u "$socket_in" line; do
    line=${line%$'\r'}
    [[ $line ]] || break
    [[ $status ]] || status=$line
  done
  [[ $status ]] || status="no answer: openssl's message is above"
  [[ $status == 'HTTP/1.1 101 '* ]] || fail "the socket at https://$2$3 is refused: $(clean 100 <<<"$status") (a browser shows no answer without it)"
}

# The head of a frame. A client has to mask what it sends: with a mask of zeros the bytes stay what they are.
frame_head() { # kind, bytes
  local head
  if (($2 < 126)); then
    printf -v head '\\x%02x\\x%02x' $((128 | $1)) $((128 | $2))
  else
    printf -v head '\\x%02x\\xfe\\x%02x\\x%02x' $((128 | $1)) $(($2 >> 8)) $(($2 & 255))
  fi
  printf '%b' "$head\\0\\0\\0\\0"
}

# Sends a text (below 64 KiB).
send() {
  local LC_ALL=C
  tell frame_head 1 "${#1}" && tell printf '%s' "$1"
}

# The next byte, as a number in the variable; a zero byte is the delimiter, and so an empty text.
byte() { # variable
  local LC_ALL=C one
  IFS= read -r -d '' -n 1 -t "$((socket_until > SECONDS ? socket_until - SECONDS : 1))" \
    -u "$socket_in" one || return 1
  printf -v one '%d' "'$one"
  printf -v "$1" '%d' $((one & 255))
}

# The next frame. A text goes to `frame_text` as it is, what is for the connection alone as `\xNN…`.
frame() {
  local LC_ALL=C first size more more_bytes part=''
  byte first && byte size || return 1
  more_bytes=$((size == 126 ? 2 : size == 127 ? 8 : 0))
  if ((more_bytes)); then size=0; fi
  for ((; more_bytes; more_bytes--)); do
    byte more || return 1
    size=$((size << 8 | more))
  done
  frame_kind=$((first & 15)) frame_text=''
  if ((frame_kind > 7)); then
    for ((; size; size--)); do
      byte more || return 1
      printf -v part '\\x%02x' "$more"
      frame_text+=$part
    done
    return
  fi
  if ((size)); then IFS= read -r -N "$size" -t 60 -u "$socket_in" frame_text || return 1; fi
  # A text may come in several frames.
  if ((first < 128)); then
    part=$frame_text
    frame || return 1
    frame_text=$part$frame_text
  fi
}

# The next message to `frame_text`; what keeps the connection alive (WebSocket's ping, Engine.IO's) is answered on the way.
receive() {
  while frame; do
    case $frame_kind:$frame_text in
      8:*) return 1 ;;
      9:*) tell frame_head 10 $((${#frame_text} / 4)) && tell printf '%b' "$frame_text" || return 1 ;;
      *:2) send 3 || return 1 ;;
      0:* | 1:*) return 0 ;;
    esac
  done
  return 1
}
