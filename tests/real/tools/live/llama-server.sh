#!/bin/bash
# Stands before the models' runner, a build that is older than Ollama and knows one option under its former names.
set -euo pipefail
words=()
while (($#)); do
  case $1 in
    --load-mode)
      if [ "$2" = none ]; then words+=(--no-mmap); fi
      shift
      ;;
    *) words+=("$1") ;;
  esac
  shift
done
exec "${0%/*}/llama-server-program" "${words[@]}"
