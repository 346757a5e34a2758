"""The only place where ports meet adapters."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleet.adapters import home as homes
from fleet.adapters.brake import FileBrake
from fleet.adapters.failpoints import arm, watched
from fleet.adapters.guards import MachineGuards, machine_now, places_of, remember_engine
from fleet.adapters.system import SystemClock, SystemIds
from fleet.app import tenure
from fleet.app.coordinator import Coordinator, Order
from fleet.app.desk import Pen
from fleet.app.run import STARTED, run_of
from fleet.app.stations import halting
from fleet.app.tools import Tools
from fleet.config import Settings, load_fleet, read_settings, scaffold_home
from fleet.domain.errors import ConfigError, CredentialError
from fleet.domain.events import Event
from fleet.domain.guarding import Guard, guards
from fleet.domain.hold import COORDINATOR
from fleet.domain.plan import Plan, Snapshot
from fleet.domain.profile import Account, Fleet
from fleet.domain.scenario import Scenario
from fleet.domain.term import Term, standing_in_the_way
from fleet.ports import Brake, Clock, ContainerRuntime, Ledger, Log, Networks, Secrets, Worktrees

if TYPE_CHECKING:
    from fleet.adapters.redaction import Redaction
    from fleet.adapters.runtimes.docker_images import DockerImages
    from fleet.adapters.runtimes.project_images import ProjectImages
    from fleet.domain.clearing import Leftover
    from fleet.ports import Leftovers

Told = Callable[[str], None]
Seen = Callable[[Snapshot, Plan], None]


@dataclass(frozen=True, kw_only=True)
class Office:
    """What a command works with: the home, its configuration, ledger and clock."""

    settings: Settings
    home: Path
    home8: str
    fleet: Fleet
    ledger: Ledger
    clock: Clock


@contextmanager
def office_open(settings: Settings) -> Iterator[Office]:
    """Read the home's files and open its ledger inside the block.

    Raises ConfigError for a wrong file, and where ledger and home have different ids: a copied
    home would count the other's containers and branches as its own.
    """
    from fleet.adapters.ledger import SqlLedger

    arm(settings.variables)
    home = settings.home
    fleet = load_fleet(home)
    home8 = homes.read_id(home)
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
        yield Office(
            settings=settings,
            home=home,
            home8=home8,
            fleet=fleet,
            ledger=watched("ledger", ledger),
            clock=clock,
        )
    finally:
        ledger.close()


def runtime(office: Office) -> ContainerRuntime:
    """Answer the container engine of this home."""
    from fleet.adapters.runtimes.docker import DockerRuntime

    return DockerRuntime(office.home8)


def networks(office: Office) -> Networks:
    """Answer the networks of this home's attempts."""
    from fleet.adapters.runtimes.networks import DockerNetworks

    exposed = office.fleet.egress_host_exposed
    return DockerNetworks(office.home, office.home8, host_exposed=exposed)


def worktrees(office: Office) -> Worktrees:
    """Answer the git of this home."""
    from fleet.adapters.git.worktrees import GitWorktrees

    variables = office.settings.variables
    return GitWorktrees(office.home, office.home8, office.clock, variables=variables)


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


def brake(office: Office) -> Brake:
    """Answer the brake of this home."""
    return FileBrake(office.home)


def new_token() -> str:
    """Answer 16 fresh hex digits, for what is made by a command and gone with it."""
    return SystemIds().token()


def tools(office: Office, *, run: str) -> Tools:
    """Answer the ports a coordinator works with; `run` is the order that it carries out."""
    from fleet.adapters.redaction import Redaction, redact_logs
    from fleet.adapters.reports import FolderReports
    from fleet.adapters.scales import FolderScales
    from fleet.adapters.scanner import SecretScanner
    from fleet.adapters.schedule import ScheduledAlarm
    from fleet.adapters.supervisor import SocketSupervisor
    from fleet.adapters.traces import JsonlTraces
    from fleet.adapters.verifier import ContainerVerifier
    from fleet.adapters.verifying.logs import CheckLogs
    from fleet.adapters.verifying.run import Means

    redaction = Redaction()
    redact_logs(redaction)
    engine = watched("runtime", runtime(office))
    git = watched("worktrees", worktrees(office))
    checking = Means(
        worktrees=git,
        runtime=engine,
        clock=office.clock,
        logs=CheckLogs(office.home, redaction),
        home8=office.home8,
    )
    return Tools(
        home=office.home,
        home8=office.home8,
        session=SystemIds().token(),
        run=run,
        fleet=office.fleet,
        clock=office.clock,
        alarm=ScheduledAlarm(),
        brake=brake(office),
        supervisor=SocketSupervisor(office.settings.variables, office.clock),
        ledger=office.ledger,
        runtime=engine,
        networks=watched("networks", networks(office)),
        worktrees=git,
        scales=FolderScales(office.home),
        verifier=watched("verifier", ContainerVerifier(checking, office.ledger)),
        packets=watched("packets", homes.FolderPackets(office.home)),
        secrets=watched("secrets", secrets(office, redaction)),
        scanner=watched("scanner", SecretScanner(redaction)),
        traces=watched("traces", JsonlTraces(office.home / "traces", redaction)),
        reports=watched("reports", FolderReports(office.home)),
    )


@contextmanager
def coordinator_ready(
    office: Office, order: Order, *, what: str, seen: Seen, told: Told
) -> Iterator[Coordinator]:
    """Hold the home and answer a coordinator inside the block; `told` hears of long work.

    Raises BusyError when another one holds it, WorkspaceError for a project that cannot be
    worked on, EngineDownError when no engine answers, FleetError for an image that cannot be built.
    """
    since = office.clock.now()
    with (
        homes.home_held(office.home, since=since, what=what),
        tenure.held(office.ledger, office.clock, _new_term(office, since, what)) as held,
    ):
        # whoever was told to end is gone
        halting.resume(COORDINATOR, Pen(ledger=office.ledger, clock=office.clock, who="fleet"))
        run = run_of(office.ledger) or SystemIds().token()
        bundle = tools(office, run=run)
        bundle.runtime.ping()
        _learn_secrets(bundle)
        for project in office.fleet.projects.values():
            bundle.worktrees.validate(project)
        bundle = replace(bundle, fleet=_with_images(office, told))
        # who only merges begins no run, and ends none
        data = {} if order.merges_only else {"run": run}
        started = Event(kind=STARTED, at=office.clock.now(), what=what, data=data)
        office.ledger.commit([held.fence, Log(event=started)])
        remember_engine(office.home, bundle.runtime.data_root())
        room = _guards(office).room
        yield Coordinator(bundle, order, tenure=held, room=room, seen=seen)


def _guards(office: Office) -> MachineGuards:
    places = places_of(office.home, office.fleet)
    return MachineGuards(office.fleet, places, office.clock)


def room_now(office: Office) -> str:
    """Answer why the machine has no room for another attempt now, "" where it has."""
    return _guards(office).room()


def guards_now(office: Office) -> tuple[Guard, ...]:
    """Answer each guard of the machine, and how it stands now."""
    machine = machine_now(places_of(office.home, office.fleet))
    return tuple(guards(machine, office.fleet))


def _new_term(office: Office, since: datetime, what: str) -> Term:
    return Term(
        number=0,
        holder=SystemIds().token(),
        host=homes.place(office.home),
        pid=os.getpid(),
        what=what,
        since=since,
        beat=since,
    )


def _learn_secrets(bundle: Tools) -> None:
    """Read every credential once: containers of an earlier life may print them already."""
    for account in bundle.fleet.accounts.values():
        with suppress(CredentialError):
            bundle.secrets.check(account)


def home_made(
    directory: Path, projects: Sequence[tuple[str, Path, str | None]], *, take_over: bool
) -> Iterator[str]:
    """Make a home and claim its repositories; yield a line for each thing that was done.

    Raises ConfigError before anything is made, WorkspaceError for a repository that cannot be
    worked on or that another home has claimed (`take_over` claims it all the same).
    """
    for path in scaffold_home(directory, projects, home8=SystemIds().token()[:8]):
        yield f"made {path}"
    with office_open(read_settings(directory)) as office:
        git = worktrees(office)
        for project in office.fleet.projects.values():
            if take_over:
                git.take_over(project)
            tip = git.validate(project)
            for name in project.check_files:
                if not git.has_file(project, tip, name):
                    yield f"{project.key}: edit {name} and commit it to {project.target}"


def held_by(office: Office) -> dict[str, object] | None:
    """Answer who coordinates this home, here or from another machine; None when nobody does."""
    said = homes.holder(office.home)
    here, term = homes.place(office.home), office.ledger.term()
    if said is not None:
        told, since = {"pid": said.pid, "holder": said.what, "host": here}, said.since
    elif term is not None and standing_in_the_way(term, host=here, now=office.clock.now()):
        told, since = {"pid": term.pid, "holder": term.what, "host": term.host}, term.since
    else:
        return None
    return {**told, "since": since.isoformat()}


def _with_images(office: Office, told: Told) -> Fleet:
    """Answer the fleet with the images that stand for the projects' dockerfiles today."""
    described = [each for each in office.fleet.projects.values() if each.dockerfile]
    if not described:
        return office.fleet
    makers = project_images(office)
    ready = {each.key: makers.ready(each, told) for each in described}
    for project in ready.values():
        makers.drop_others(project)
    return replace(office.fleet, projects={**office.fleet.projects, **ready})


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


def simulated(scenario: Scenario, *, seed: int) -> dict[str, Any]:
    """Play a night with a virtual clock and answer its outcome; a seed always gives the same."""
    from random import Random  # noqa: TID251 - whoever throws the dice is given them

    from fleet.adapters.memory import ManualClock, MemoryLedger
    from fleet.app.simulation.night import Night
    from fleet.app.simulation.outcome import outcome

    clock = ManualClock(scenario.starts)
    ledger = MemoryLedger(clock=clock)
    dice = Random(seed)  # noqa: S311 - chance, no secret
    night = Night(scenario, ledger, clock=clock, dice=dice)
    night.play()
    return outcome(scenario, night, ledger)
