# Both scripts: questions to the server in this pod. Its API says what it has to say in one line,
# where the command line redraws a bar ten times a second, and costs no further program's memory.
port=${OLLAMA_HOST##*:}
missing=${TMPDIR:-/tmp}/missing-models

is_up() {
  { : 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null
}

# Sends a method, a path and a body, waits so many seconds at most, and prints what comes back; fails
# unless that is a success. A length is one of bytes.
ask() {
  local status line LC_ALL=C
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

# Why it failed, by an answer: asked at that moment, for so many seconds.
reason() {
  local text=$1
  case $text in
  *'"error":"'*) text=${text#*\"error\":\"} text=${text%\"*} ;;
  ?*) text="no usable answer: $text" ;;
  *) if ((SECONDS - $2 < $3)); then text='no answer'; else text="no answer within $3 seconds"; fi ;;
  esac
  echo "$text"
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
  echo "Error: $(reason "$answer" "$begun" "$2")" >&2
  return 1
}

# Makes of a model that writes text one more for each prompt, whose file is the request without the
# two names. It is made again at each start, from what the model is now: it has the model's weights,
# so it takes next to nothing of the volume. A model that is not there would be pulled first.
derive() {
  local prompt body answer begun
  if [[ " ${CHAT_MODELS:-} " != *" $1 "* ]]; then return; fi
  for prompt in ${PROMPTS:-}; do
    body=$(<"/prompts/$prompt.json") begun=$SECONDS
    if ! answer=$(ask POST /api/create "{\"model\":\"$1-$prompt\",\"from\":\"$1\",${body#?}" 600); then
      echo "Error: $1-$prompt cannot be made: $(reason "$answer" "$begun" 600)" >&2
      return 1
    fi
    echo "$1-$prompt is made"
  done
}

# Makes a model present, and those that are made of it.
provide() {
  pull "$1" "$2" && derive "$1"
}

# What is not there of a model and of those that are made of it.
lacks() {
  if show "$1" >/dev/null; then echo "a model made of $1"; else echo "$1"; fi
}

