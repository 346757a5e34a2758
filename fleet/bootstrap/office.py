"""What every command works with: the home, its ledger, and each adapter behind its port."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fleet.adapters import home as homes
from fleet.adapters import whereabouts
from fleet.adapters.brake import FileBrake
from fleet.adapters.failpoints import arm, watched
from fleet.adapters.system import SystemClock, SystemIds
from fleet.config import Settings, load_fleet
from fleet.domain.errors import ConfigError, CredentialError
from fleet.domain.profile import Account, Fleet
from fleet.memory_ports import Reviewed
from fleet.ports import Brake, Clock, ContainerRuntime, Ledger, Networks, Secrets, Worktrees

if TYPE_CHECKING:
    from fleet.adapters.git.worktrees import GitWorktrees
    from fleet.adapters.redaction import Redaction
    from fleet.adapters.runtimes.docker_images import DockerImages
    from fleet.adapters.runtimes.project_images import ProjectImages
    from fleet.domain.clearing import Leftover
    from fleet.ports import Leftovers


Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Site:
    """A home with its ledger and clock: enough to stop what runs, whatever its fleet.yaml says."""

    settings: Settings
    home: Path
    home8: str
    ledger: Ledger
    clock: Clock


@dataclass(frozen=True, kw_only=True)
class Office(Site):
    """What most commands work with: a home and its configuration."""

    fleet: Fleet


@contextmanager
def office_open(settings: Settings) -> Iterator[Office]:
    """Read the home's files and open its ledger inside the block.

    Raises ConfigError for a wrong file, and as `site_open` does.
    """
    with site_open(settings) as site:
        yield office_of(site)


def office_of(site: Site) -> Office:
    """Read the files of a home; raises ConfigError for a wrong one."""
    return Office(
        settings=site.settings,
        home=site.home,
        home8=site.home8,
        fleet=load_fleet(site.home),
        ledger=site.ledger,
        clock=site.clock,
    )


@contextmanager
def site_open(settings: Settings) -> Iterator[Site]:
    """Open the ledger of a home inside the block; no file of the user's is read.

    Raises ConfigError where ledger and home have different ids, and for a copy of a home that
    still stands: it would count the other's containers and branches as its own.
    """
    from fleet.adapters.ledger import SqlLedger

    arm(settings.variables)
    home = settings.home
    home8 = homes.read_id(home)
    whereabouts.follow(home, home8=home8)
    clock = SystemClock()
    homes.ledger_ready(home, settings.database_url)
    ledger = SqlLedger(settings.database_url, clock=clock)
    try:
        kept = ledger.keep_setting("home", home8)
        if kept != home8:
            raise ConfigError(
                f"the ledger belongs to home {kept}, {home} has the id {home8}",
                remedy="a copied home needs a ledger of its own",
            )
        homes.ledger_known(home, ledger.keep_setting("ledger", SystemIds().token()))
        yield Site(
            settings=settings,
            home=home,
            home8=home8,
            ledger=watched("ledger", ledger),
            clock=clock,
        )
    finally:
        ledger.close()


def runtime(site: Site) -> ContainerRuntime:
    """Answer the container engine of this home."""
    from fleet.adapters.runtimes.docker import DockerRuntime

    return DockerRuntime(site.home8)


def networks(office: Office) -> Networks:
    """Answer the networks of this home's attempts."""
    from fleet.adapters.runtimes.networks import DockerNetworks

    exposed = office.fleet.egress_host_exposed
    return DockerNetworks(office.home, office.home8, host_exposed=exposed)


def worktrees(office: Office) -> "GitWorktrees":
    """Answer the git of this home."""
    from fleet.adapters.git.worktrees import GitWorktrees

    variables = office.settings.variables
    return GitWorktrees(office.home, office.home8, office.clock, variables=variables)


def reviewed(office: Office, git: Worktrees | None = None) -> Reviewed:
    """Answer what people reviewed for agents to go by."""
    from fleet.adapters.reviewed import ReviewedFiles

    return ReviewedFiles(office.home, office.fleet, git or worktrees(office))


def secrets(office: Office, redaction: "Redaction | None" = None) -> Secrets:
    """Answer the accounts' credentials; what is read of them is told to the redaction."""
    from fleet.adapters.redaction import Redaction
    from fleet.adapters.secrets import TmpfsSecrets, memory_roots

    variables, told = office.settings.variables, redaction or Redaction()
    return TmpfsSecrets(office.home8, memory_roots(variables), variables=variables, redaction=told)


def leftovers(office: Office) -> "tuple[Leftovers, ...]":
    """Answer all places in which this home leaves something."""
    from fleet.adapters.leftovers.every import every_leftover

    home8, variables = office.home8, office.settings.variables
    projects = office.fleet.projects
    return every_leftover(office.home, home8, projects, clock=office.clock, variables=variables)


def kept_work(office: Office, key: str) -> "Sequence[Leftover]":
    """Answer what is kept of a project's work; one row is odd where that cannot be read."""
    from fleet.adapters.leftovers.every import kept_in

    project, variables = office.fleet.projects.get(key), office.settings.variables
    if project is None:
        return ()
    return kept_in(project, office.home, office.home8, clock=office.clock, variables=variables)


def credential_fault(settings: Settings, account: Account) -> CredentialError | None:
    """Answer what is wrong with an account's credential, None when it is found and well-formed."""
    from fleet.adapters.credentials import secret_files

    try:
        secret_files(account, settings.variables)
    except CredentialError as error:
        return error
    return None


def brake(site: Site) -> Brake:
    """Answer the brake of this home."""
    return brake_at(site.home)


def brake_at(home: Path) -> Brake:
    """Answer the brake of the home there, whether its ledger can be opened or not."""
    return FileBrake(home)


def new_token() -> str:
    """Answer 16 fresh hex digits, for what is made by a command and gone with it."""
    return SystemIds().token()


def project_images(office: Office) -> "ProjectImages":
    """Answer the images that this home's projects describe themselves."""
    from fleet.adapters.runtimes.project_images import ProjectImages

    return ProjectImages(worktrees(office), office.home, office.home8)


def proxy_built(base: str, *, ca_bundle: Path | None, told: Told) -> str:
    """Build the image of the proxy of attempts with egress; answer what came of it."""
    from fleet.adapters.runtimes.proxy_image import build_proxy

    return build_proxy(base, ca_bundle=ca_bundle, told=told)


def images() -> "DockerImages":
    """Answer the engine's agent images."""
    from fleet.adapters.runtimes.docker_images import DockerImages

    return DockerImages()
