if [ -n "${DATA:-}" ]; then
  # What was there is removed last, so that it can still be had when this is interrupted.
  old=$DATA/.replaced
  rm -rf -- "$old"
  mkdir -- "$old"
  for file in "$DATA"/*; do
    case ${file##*/} in .restoring | .replaced | lost+found) ;; *) mv -- "$file" "$old/" ;; esac
  done
  for file in "$new"/*; do mv -- "$file" "$DATA/"; done
  sync --file-system -- "$DATA"
  rm -rf -- "$old"
  say "the files are those of $name"
fi
say "done"
