"""What the judge `live` runs as which image, with the configuration that the image has."""

# The folder is one for all: an image is a name and a configuration. Versions are those of the
# tree; what a tree names beside these is a finding.
NAMES = {
    "docker.io/ollama/ollama:0.32.15": {
        "Entrypoint": ["/usr/bin/ollama"],
        "Cmd": ["serve"],
        "Env": [
            "OLLAMA_HOST=0.0.0.0:11434",
            "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
        ],
    },
    "docker.io/library/postgres:17.9": {
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["postgres"],
        "StopSignal": "SIGINT",
        "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            ":/usr/lib/postgresql/17/bin",
            "LANG=C.UTF-8",
            "PG_MAJOR=17",
            "PGDATA=/var/lib/postgresql/data",
        ],
    },
    "ghcr.io/open-webui/open-webui:0.12.4-slim": {
        "Cmd": ["bash", "start.sh"],
        "WorkingDir": "/app/backend",
        "Env": [
            "LANG=C.UTF-8",
            "PYTHONUNBUFFERED=1",
            "ENV=prod",
            "PORT=8080",
            "USE_OLLAMA_DOCKER=false",
            "USE_CUDA_DOCKER=false",
            "USE_SLIM_DOCKER=true",
            "OLLAMA_BASE_URL=/ollama",
            "OPENAI_API_BASE_URL=",
            "OPENAI_API_KEY=",
            "WEBUI_SECRET_KEY=",
            "SCARF_NO_ANALYTICS=true",
            "DO_NOT_TRACK=true",
            "ANONYMIZED_TELEMETRY=false",
            "DOCKER=true",
            "HOME=/root",
        ],
    },
    "docker.io/rclone/rclone:1.75.1": {"Entrypoint": ["rclone"]},
    "docker.io/rancher/mirrored-library-traefik:3.6.12": {"Entrypoint": ["/usr/local/bin/traefik"]},
}
TRAEFIK = "docker.io/rancher/mirrored-library-traefik:3.6.12"
# Made apart: Debian's server, of an earlier version.
REDIS = {
    "docker.io/library/redis:8.2.3-alpine": {
        "Entrypoint": ["redis-server"],
        "WorkingDir": "/data",
    }
}
