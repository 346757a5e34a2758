"""Images that fleet makes: which command brings a missing one."""

SMALL = "fleet-agent:small"
USUAL = "fleet-agent:latest"
_OURS = "fleet-agent:"
_PROJECTS = "fleet-project-"


def how_to_have(image: str) -> str:
    """Answer what to do where an image is missing."""
    if image == SMALL:
        return "run `fleet image build --agents command`"
    if image.startswith(_OURS):
        tag = "" if image == USUAL else f" --tag {image}"
        return f"run `fleet image build{tag}`"
    if image.startswith(_PROJECTS):
        return "run `fleet image build --project KEY`"
    if image.startswith("fleet-base:"):
        return "make it with scripts/base-image.sh, or name another with --base"
    return "pull or build it, or correct `image` in fleet.yaml"
