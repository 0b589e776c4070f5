
# Makes the listed models present before anybody is answered. A model that is there costs nothing,
# also offline. A new pod's first connections are refused until the node knows its address, so a pull is
# tried again. Without a model that writes text it fails, and the pod shows it. With one the pod
# starts, and the server goes on trying: a model that cannot be had takes no other away. And where
# there was one before, new ones are waited for two minutes at most. Where none of the listed writes
# text, any of them is enough.
can_serve() {
  local model
  for model in ${CHAT_MODELS:-$MODELS}; do
    if show "$model" >/dev/null; then return; fi
  done
  return 1
}

# A model's name as the server lists it.
listed() {
  local name=${1,,}
  if [[ ${name##*/} != *:* ]]; then name+=:latest; fi
  echo "$name"
}

# Removes the models on the volume that are not listed, so that it holds what was counted. Nothing is
# removed before one of the listed ones can answer.
prune() {
  local rest name prompt wanted=' '
  if [ "$PRUNE" != true ] || ! can_serve; then return; fi
  for name in $MODELS; do
    wanted+="$(listed "$name") "
    for prompt in ${PROMPTS:-}; do wanted+="$(listed "$name-$prompt") "; done
  done
  rest=$(ask GET /api/tags '' 60) || return 0
  while [[ $rest =~ \"name\":\"([^\"]+)\" ]]; do
    name=${BASH_REMATCH[1]} rest=${rest#*"${BASH_REMATCH[0]}"}
    if [[ $wanted == *" $(listed "$name") "* ]]; then continue; fi
    if ask DELETE /api/delete "{\"model\":\"$name\"}" 60 >/dev/null; then
      echo "$name is not listed, and was removed"
    else
      echo "$name is not listed, and could not be removed" >&2
    fi
  done
}

left() {
  echo $((longest > SECONDS ? longest - SECONDS : 1))
}

# To process 1 a signal without a handler means nothing, and bash runs a handler only when its
# foreground command has ended: what may be long runs beside it.
long() {
  "$@" &
  wait "$!"
}
trap 'exit 143' INT TERM

ollama serve &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
until is_up; do
  kill -0 "$server"
  sleep 1
done

longest=$((366 * 86400))
if long can_serve; then longest=120; fi
long prune
absent=() lacking=()
for model in $MODELS; do
  for attempt in 1 2 3 4 5 6; do
    if long provide "$model" "$(left)"; then continue 2; fi
    echo "attempt $attempt to get $model failed" >&2
    if [ "$SECONDS" -ge "$longest" ]; then break; fi
    long sleep 10
  done
  absent+=("$model") lacking+=("$(lacks "$model")")
  echo "${lacking[-1]} is missing" >&2
done

: >"$missing"
if [ "${#absent[@]}" -gt 0 ]; then
  if ! long can_serve; then exit 1; fi
  printf '%s\n' "${absent[@]}" >"$missing"
  # In the log, and in the pod's status.
  said="MISSING: ${lacking[*]}; the others are served, and the server goes on trying"
  echo "$said" >&2
  { echo "$said" >"$TERMINATION_LOG"; } 2>/dev/null || true
fi
long prune
