"""What pods say about themselves."""

from datetime import datetime

# Phases of pods that are over, of which others may have come: a Job's, an evicted one's.
OVER = ("Succeeded", "Failed")


def path_of(pod: dict) -> str:
    """Where the API server has it."""
    about = pod["metadata"]
    return f"/api/v1/namespaces/{about['namespace']}/pods/{about['name']}"


def ready(pod: dict) -> bool:
    """Whether a pod is Ready."""
    return any(
        one["type"] == "Ready" and one["status"] == "True"
        for one in pod["status"].get("conditions", [])
    )


def began_at(pod: dict) -> float:
    """When the oldest of a pod's containers began; containers that do not run began never."""
    moments = [
        one.get("state", {}).get("running", {}).get("startedAt")
        for one in pod["status"].get("containerStatuses", [])
    ]
    return min(
        (
            datetime.fromisoformat(one.replace("Z", "+00:00")).timestamp() if one else 0
            for one in moments
        ),
        default=0,
    )


def told(pod: dict) -> str:
    """Why a pod is not Ready, in the kubelet's words."""
    said, status = [], pod["status"]
    for one in status.get("initContainerStatuses", []) + status.get("containerStatuses", []):
        for state in (one.get("state", {}), one.get("lastState", {})):
            about = state.get("waiting") or state.get("terminated")
            if about and about.get("reason") not in (None, "Completed", "PodInitializing"):
                said.append(f"{one['name']}: {about['reason']} {about.get('message', '')}".strip())
        if not said and not one.get("ready") and "running" in one.get("state", {}):
            said.append(f"{one['name']}: runs, is not ready")
    said += [
        one["message"]
        for one in status.get("conditions", [])
        if one["type"] == "PodScheduled" and one["status"] == "False"
    ]
    about = pod["metadata"]
    text = f"{status['phase']} {status.get('reason', '')} {'; '.join(said)}"
    return f"{about['namespace']}/{about['name']}: {' '.join(text.split())}"
