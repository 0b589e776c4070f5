
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
absent=()
for model in $MODELS; do
  for attempt in 1 2 3 4 5 6; do
    if long pull "$model" "$(left)"; then continue 2; fi
    echo "attempt $attempt to pull $model failed" >&2
    if [ "$SECONDS" -ge "$longest" ]; then break; fi
    long sleep 10
  done
  absent+=("$model")
  echo "$model could not be pulled" >&2
done

: >"$missing"
if [ "${#absent[@]}" -gt 0 ]; then
  if ! long can_serve; then exit 1; fi
  printf '%s\n' "${absent[@]}" >"$missing"
  # In the log, and in the pod's status.
  said="MISSING: ${absent[*]}; the others are served, and the server goes on trying"
  echo "$said" >&2
  { echo "$said" >"$TERMINATION_LOG"; } 2>/dev/null || true
fi
