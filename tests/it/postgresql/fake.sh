#!/bin/bash
# Stands in for one program of PostgreSQL's image, by its name, or counts the calls of a real one.
set -eu
name=${0##*/}
# Programs of one pipeline run at the same time: a folder is made by one of them only.
count() {
  printf '%s\n' "$1" >>"$FAKES/calls"
  at=1
  until mkdir "$FAKES/count/$at" 2>/dev/null; do at=$((at + 1)); done
}
killed() {
  if [ "$KILL_AT" = "$at" ] && [ "$KILL" = "$1" ]; then
    kill -KILL 0
    sleep 9
  fi
}
folder_after() {
  while [ "$1" != -D ]; do shift; done
  printf '%s' "$2"
}
count "$name"
killed before
case $name in
  initdb)
    if [ "$1" = --help ]; then
      echo '      --locale-provider={builtin|libc|icu}'
      killed after
      exit
    fi
    case " $* " in
      *' --username=postgres --auth-local=peer --auth-host=scram-sha-256 '*' --locale=C.UTF-8 --locale-provider=builtin '*) ;;
      *) exit 1 ;;
    esac
    folder=${1#--pgdata=}
    [ ! -e "$folder" ] || exit 1
    mkdir -p "$folder/base/1" "$folder/base/5" "$folder/pg_tblspc"
    printf '17\n' >"$folder/PG_VERSION"
    # Half of it is there: a step of its own.
    own=$at
    count half
    killed before
    killed after
    at=$own
    printf 'local all all trust\n' >"$folder/pg_hba.conf"
    printf '' >"$folder/base/1/1259"
    ;;
  postgres)
    folder=$(folder_after "$@")
    [ -s "$folder/PG_VERSION" ]
    statement=$(cat && printf x)
    statement=${statement%x}
    # With `-j` a statement ends at the first semicolon with an empty line after it.
    [ "${statement#*$';\n\n'}" = '' ]
    case $* in *' -j '*) ;; *) exit 1 ;; esac
    case $statement in
      'CREATE ROLE "openwebui";'*) : >"$folder/client" ;;
      'CREATE DATABASE "openwebui" OWNER "openwebui";'*) [ -e "$folder/client" ] && mkdir "$folder/base/16384" && printf 'openwebui\n' >>"$folder/databases" ;;
      'DO $roles$'*)
        # What is recovered is recovered with the server's own settings.
        case $* in *' -c jit=off '*) ;; *) exit 1 ;; esac
        printf '%s' "$statement" >"$folder/role"
        ;;
      'DO $owners$'*)
        # The last word is the database whose objects are looked at.
        case $* in *' -c jit=off '*) printf 'of %s\n' "${*: -1}" >"$folder/owner" ;; *) exit 1 ;; esac
        ;;
      *) exit 1 ;;
    esac
    ;;
  *) PATH=/usr/bin:/bin "$name" "$@" ;;
esac
killed after
