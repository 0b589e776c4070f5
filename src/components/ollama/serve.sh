# Serves, and beside that goes on trying to pull what could not be had before the start.
go_on() {
  local model pause=30
  until is_up; do sleep 1; done
  while sleep "$pause"; do
    local absent=() lacking=()
    while read -r model; do
      if provide "$model" 86400; then continue; fi
      absent+=("$model") lacking+=("$(lacks "$model")")
    done <"$missing"
    if [ "${#absent[@]}" -eq 0 ]; then
      echo "all listed models are there"
      : >"$missing"
      return
    fi
    pause=$((pause < 300 ? pause * 2 : 600))
    echo "MISSING: ${lacking[*]}; the next try is in $pause seconds" >&2
  done
}

if [ -s "$missing" ]; then go_on & fi
exec ollama serve
