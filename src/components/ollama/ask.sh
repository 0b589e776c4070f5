# Both scripts: questions to the server in this pod. Its API says what it has to say in one line,
# where the command line redraws a bar ten times a second, and costs no further program's memory.
port=${OLLAMA_HOST##*:}
missing=${TMPDIR:-/tmp}/missing-models

is_up() {
  { : 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null
}

# Sends a method, a path and a body, waits so many seconds at most, and prints what comes back; fails
# unless that is a success.
ask() {
  local status line
  {
    printf '%s\r\n' "$1 $2 HTTP/1.0" 'Host: localhost' 'Content-Type: application/json' \
      "Content-Length: ${#3}" '' >&3
    printf '%s' "$3" >&3
    read -r -t "$4" _ status _ <&3 || return 1
    while read -r line <&3 && [ "$line" != $'\r' ]; do :; done
    cat <&3
  } 3<>"/dev/tcp/127.0.0.1/$port" && [ "$status" = 200 ]
}

show() {
  ask POST /api/show "{\"model\":\"$1\"}" 60 2>/dev/null
}

# Makes a model present. What was pulled before a failure is not pulled again for an hour: a server
# that starts removes older parts.
pull() {
  local answer begun
  show "$1" >/dev/null && return
  echo "pulling $1"
  begun=$SECONDS
  answer=$(ask POST /api/pull "{\"model\":\"$1\",\"stream\":false}" "$2") || true
  if show "$1" >/dev/null; then
    echo "$1 is there"
    return
  fi
  case $answer in
  *'"error":"'*) answer=${answer#*\"error\":\"} answer=${answer%\"*} ;;
  ?*) answer="no usable answer: $answer" ;;
  *) if ((SECONDS - begun < $2)); then answer='no answer'; else answer="no answer within $2 seconds"; fi ;;
  esac
  echo "Error: $answer" >&2
  return 1
}

