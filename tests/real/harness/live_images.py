"""What the judge `live` runs as which image, with the configuration that the image has."""

# The folder is one for all: an image is a name and a configuration. A name is that by which
# containerd finds the tree's image, with the digest where the tree has one; what a tree names
# beside these is a finding.
NAMES: dict[str, dict] = {
    "docker.io/ollama/ollama"
    "@sha256:57d60e686821ea81a7748a3ec8141308c8b8f95b27105713954abf7a6529e700": {
        "Entrypoint": ["/usr/bin/ollama"],
        "Cmd": ["serve"],
        "Env": [
            "OLLAMA_HOST=0.0.0.0:11434",
            "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
        ],
    },
    "docker.io/library/postgres"
    "@sha256:47f917f7409eacd22fc5dfb1dee634e1b55cf0c01d1a7eb701be2227a03e0641": {
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
    "docker.io/rclone/rclone"
    "@sha256:45401ad7410db1d67ffdb58e19059ad20b0d8e0285a60e38bbec55cc1019c7a5": {
        "Entrypoint": ["rclone"]
    },
    "docker.io/rancher/mirrored-library-traefik:3.6.12": {"Entrypoint": ["/usr/local/bin/traefik"]},
}
TRAEFIK = "docker.io/rancher/mirrored-library-traefik:3.6.12"
# Made apart: Debian's server, of an earlier version.
REDIS = {
    "docker.io/library/redis"
    "@sha256:08ad0b1d280850169a790dba1393ff7a90aef951fc19632cf4d3ce4f78e679ba": {
        "Entrypoint": ["redis-server"],
        "WorkingDir": "/data",
    }
}
