"""Which files are more than ordinary: those that CI, builds, checks and installations follow.

The table stands in docs/policies.md.
"""

import sys
from typing import Final

from fleet.domain.change import Change

CI: Final = (
    *(".github/**", ".gitlab/**", ".circleci/**", ".ci/**", ".buildkite/**", ".woodpecker/**"),
    *(".forgejo/**", ".gitea/**", ".teamcity/**", ".semaphore/**", ".tekton/**", ".husky/**"),
    *(".gitlab-ci.yml", ".travis.yml", ".drone.yml", ".woodpecker.yml", ".cirrus.yml"),
    *("azure-pipelines*.yml", "bitbucket-pipelines.yml", "appveyor.yml", ".appveyor.yml"),
    *("cloudbuild.yaml", "**/Jenkinsfile*", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml"),
)
LOCK: Final = (
    *("**/package-lock.json", "**/npm-shrinkwrap.json", "**/pnpm-lock.yaml", "**/bun.lockb"),
    *("**/go.sum", "**/gradle.lockfile", "**/packages.lock.json", "**/Package.resolved"),
    *("*.lock",),
)
# what an interpreter, a test runner or a build reads without being told to
BUILD: Final = (
    *("**/conftest.py", "**/sitecustomize.py", "**/usercustomize.py", "*.pth", "**/pyvenv.cfg"),
    *("**/pytest.ini", "**/.pytest.ini", "**/pytest.toml", "**/.pytest.toml"),
    *("**/tox.ini", "**/setup.cfg", "**/setup.py"),
    *("**/.coveragerc", "**/noxfile.py", "**/entry_points.txt", "**/*.dist-info/**"),
    *("**/*.egg-info/**", "**/*.egg-link", "**/.python-version", "**/.envrc", "**/.env"),
    *("**/Makefile*", "**/GNUmakefile", "*.mk", "**/justfile", "**/.justfile", "**/Taskfile.y*ml"),
    *("**/Rakefile", "**/.rspec", "**/CMakeLists.txt", "**/meson.build", "**/build.rs"),
    *("**/.cargo/**", "**/.config/nextest.toml", "**/go.work", "**/vendor/modules.txt"),
    *("**/build.gradle*", "**/settings.gradle*", "**/pom.xml", "**/.mvn/**", "**/build.sbt"),
    *("**/BUILD", "**/BUILD.bazel", "**/WORKSPACE*", "**/.bazelrc", "**/Directory.Build.*"),
    *("**/jest.config.*", "**/jest.setup.*", "**/vitest.config.*", "**/vite.config.*"),
    *("**/karma.conf.*", "**/.mocharc*", "**/cypress.config.*", "**/playwright.config.*"),
    *("**/babel.config.*", "**/.babelrc*", "**/.npmrc", "**/.yarnrc*", "**/.pnp.*"),
    *("**/ruff.toml", "**/.ruff.toml", "**/mypy.ini", "**/.mypy.ini", "**/.flake8", "**/.pylintrc"),
    *("**/pylintrc", "**/pyrightconfig.json", "**/.eslintrc*", "**/.eslintignore"),
    *("**/eslint.config.*", "**/tsconfig*.json", "**/.golangci.*", "**/clippy.toml"),
    *("**/.rubocop*.yml", "**/phpstan.neon*"),
    *("**/node_modules/**", "**/phpunit.xml*", "**/deno.json*", "**/bunfig.toml"),
)
# those hold much else as well: only lines that are more than a version are looked at
MANIFESTS: Final = (
    *("**/pyproject.toml", "**/package.json", "**/Cargo.toml", "**/go.mod", "**/composer.json"),
)
MEDIA: Final = (
    *("*.png", "*.jpg", "*.jpeg", "*.gif", "*.webp", "*.avif", "*.ico", "*.bmp", "*.tiff"),
    *("*.woff", "*.woff2", "*.ttf", "*.otf", "*.eot", "*.mp3", "*.ogg", "*.wav", "*.mp4"),
    *("*.webm", "*.pdf"),
)
# a module of such a name beside the code is found before the real one
_RUNNERS = frozenset({"pytest", "_pytest", "pluggy", "iniconfig", "coverage", "nose", "nose2"})
_SHADOWED = (sys.stdlib_module_names | _RUNNERS) - {"test", "tests", "this", "antigravity"}
_PLACES = frozenset({"", "src/", "tests/", "test/", "lib/"})


def shadowed(change: Change) -> str | None:
    """Answer the module that a new file would be taken for, None where there is none."""
    if not change.new:
        return None
    stem, dot, ending = change.path.rpartition(".")
    if not dot or ending not in {"py", "pyc", "so"}:
        return None
    place, _, name = stem.removesuffix("/__init__").rpartition("/")
    name = name.partition(".")[0]  # json.cpython-311-x86_64-linux-gnu.so
    near = (f"{place}/" if place else "") in _PLACES
    return name if near and name in _SHADOWED else None
