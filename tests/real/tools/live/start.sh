#!/bin/bash
# Stands for the script of Open WebUI's image: the server, on the port and with the workers that the environment says.
exec python3 -m uvicorn open_webui.main:app --host "${HOST:-0.0.0.0}" --port "${PORT:-8080}" --forwarded-allow-ips '*' \
  --workers "${UVICORN_WORKERS:-1}" --ws auto
