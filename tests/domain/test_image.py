"""What to do about a missing image."""

import pytest

from fleet.domain.image import how_to_have


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("fleet-agent:small", "run `fleet image build --agents command`"),
        ("fleet-agent:latest", "run `fleet image build`"),
        ("fleet-agent:own", "run `fleet image build --tag fleet-agent:own`"),
        ("fleet-project-app:1", "run `fleet image build --project KEY`"),
        ("fleet-base:bookworm", "scripts/base-image.sh"),
        ("mine:1", "pull or build it"),
    ],
)
def test_a_missing_image_names_the_command_that_makes_it(image, said):
    assert said in how_to_have(image)
