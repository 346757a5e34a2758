"""A coordinator with all its ports, and who holds the home."""

import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from fleet.adapters import home as homes
from fleet.adapters.failpoints import watched
from fleet.adapters.guards import MachineGuards, machine_now, places_of, remember_engine
from fleet.adapters.system import SystemIds
from fleet.app import tenure
from fleet.app.coordinator import Coordinator, Order
from fleet.app.desk import Pen
from fleet.app.memory import Finder, Memory
from fleet.app.run import STARTED, Run, run_of
from fleet.app.stations import halting
from fleet.app.tenure import Tenure
from fleet.app.tools import Tools
from fleet.bootstrap.office import (
    Office,
    Site,
    Told,
    brake,
    networks,
    project_images,
    reviewed,
    runtime,
    secrets,
    worktrees,
)
from fleet.bootstrap.remembering import embedder, provider_keys
from fleet.domain.errors import CredentialError, DeposedError
from fleet.domain.events import Event
from fleet.domain.guarding import Guard, guards
from fleet.domain.hold import COORDINATOR, SUCCESSOR
from fleet.domain.plan import Plan, Snapshot
from fleet.domain.profile import Fleet
from fleet.domain.term import Term, standing_in_the_way
from fleet.ports import ContainerRuntime, Fence, Log, Verifier, Worktrees

if TYPE_CHECKING:
    from fleet.adapters.redaction import Redaction
    from fleet.adapters.scanner import SecretScanner

Seen = Callable[[Snapshot, Plan], None]
_LOOK = 1.0  # seconds between two looks at threads that go on


def tools(office: Office, *, run: str) -> Tools:
    """Answer the ports a coordinator works with; `run` is the order that it carries out."""
    from fleet.adapters.redaction import Redaction, redact_logs
    from fleet.adapters.repo_map import GitRepoMaps
    from fleet.adapters.reports import FolderReports
    from fleet.adapters.scales import FolderScales
    from fleet.adapters.scanner import SecretScanner
    from fleet.adapters.schedule import ScheduledAlarm
    from fleet.adapters.supervisor import SocketSupervisor
    from fleet.adapters.traces import JsonlTraces

    redaction = Redaction(provider_keys(office))
    redact_logs(redaction)
    scanner = SecretScanner(redaction)
    engine = watched("runtime", runtime(office))
    git = watched("worktrees", worktrees(office))
    supervisor = SocketSupervisor(office.settings.variables, office.clock)
    return Tools(
        home=office.home,
        home8=office.home8,
        session=SystemIds().token(),
        run=run,
        fleet=office.fleet,
        clock=office.clock,
        alarm=ScheduledAlarm(),
        brake=watched("brake", brake(office)),
        supervisor=watched("supervisor", supervisor),
        ledger=office.ledger,
        runtime=engine,
        networks=watched("networks", networks(office)),
        worktrees=git,
        memory=_memory(office, scanner),
        scales=watched("scales", FolderScales(office.home)),
        verifier=watched("verifier", _verifier(office, redaction, engine=engine, git=git)),
        packets=watched("packets", homes.FolderPackets(office.home)),
        secrets=watched("secrets", secrets(office, redaction)),
        scanner=watched("scanner", scanner),
        traces=watched("traces", JsonlTraces(office.home / "traces", redaction)),
        reports=watched("reports", FolderReports(office.home)),
        reviewed=watched("reviewed", reviewed(office, git)),
        maps=watched("maps", GitRepoMaps(office.home, worktrees(office))),
    )


def _memory(office: Office, scanner: "SecretScanner") -> Memory:
    """Answer the memory of who owns the index; its fence comes with the term."""
    from fleet.adapters.guarded_index import guarded_index

    rules = office.fleet.memory
    provider = watched("embedder", embedder(office))
    folder = office.home / "memory" / "chroma"
    index = guarded_index(folder, rules.server, home8=office.home8)
    return Memory(
        rules=rules,
        ledger=office.ledger,
        clock=office.clock,
        embedder=provider,
        finder=Finder(office.ledger, provider, watched("index", index)),
        redact=scanner.without_secrets,
    )


def _verifier(
    office: Office, redaction: "Redaction", *, engine: ContainerRuntime, git: Worktrees
) -> Verifier:
    from fleet.adapters.verifier import ContainerVerifier
    from fleet.adapters.verifying.logs import CheckLogs
    from fleet.adapters.verifying.run import Means

    means = Means(
        worktrees=git,
        runtime=engine,
        clock=office.clock,
        logs=CheckLogs(office.home, redaction),
        home8=office.home8,
        tree_bytes=office.fleet.worktree_bytes,
    )
    return ContainerVerifier(means, office.ledger)


@contextmanager
def coordinator_ready(
    office: Office, order: Order, *, what: str, seen: Seen, told: Told
) -> Iterator[Coordinator]:
    """Hold the home and answer a coordinator inside the block; `told` hears of long work.

    Raises BusyError when another one holds it, WorkspaceError for a project that cannot be
    worked on, EngineDownError when no engine answers, FleetError for an image that cannot be built.
    """
    with ExitStack() as held:
        since = office.clock.now()
        held.enter_context(homes.home_held(office.home, since=since, what=what))
        tenure.refuse_standing(office.ledger, office.clock, host=homes.place(office.home))
        # before the term is taken: nobody beats it in the minutes that a build may last
        _validate(office)
        fleet = _with_images(office, told)
        term = held.enter_context(tenure.held(office.ledger, office.clock, _new_term(office, what)))
        bundle = replace(_begun(office, order, what=what, fence=term.fence), fleet=fleet)
        held.callback(bundle.memory.finder.close)
        _drop_other_images(office, fleet)
        room = _guards(office).room
        coordinator = Coordinator(bundle, order, tenure=term, room=room, seen=seen)
        try:
            yield coordinator
        finally:
            if not coordinator.settled(within=0.0):
                # a thread may be about to start what a successor would cancel: held until the
                # process ends, which waits for its threads first
                atexit.register(held.pop_all().close)
                _outwait(coordinator, term, told)


def _outwait(coordinator: Coordinator, term: Tenure, told: Told) -> None:
    """Beat the term while threads go on: left silent, another machine would take it meanwhile."""
    if coordinator.settled(within=_LOOK):
        return
    told("waiting for what is still being carried out")
    with suppress(DeposedError):
        while not coordinator.settled(within=_LOOK):
            term.keep()


def _validate(office: Office) -> None:
    git = watched("worktrees", worktrees(office))
    for project in office.fleet.projects.values():
        git.validate(project)


def _begun(office: Office, order: Order, *, what: str, fence: Fence) -> Tools:
    """Answer the ports, once it is written down that a coordinator begins."""
    # whoever was told to end is gone
    halting.resume(COORDINATOR, Pen(ledger=office.ledger, clock=office.clock, who=SUCCESSOR))
    left = run_of(office.ledger)
    run = left.id if left else SystemIds().token()
    bundle = tools(office, run=run)
    bundle = replace(bundle, memory=replace(bundle.memory, fence=fence))
    remember_engine(office.home, bundle.runtime.data_root())
    _learn_secrets(bundle)
    # who only merges begins no run, and ends none
    data = {} if order.merges_only else Run(id=run, parallel=order.parallel).data
    data = {**data, "source": office.fleet.source}
    started = Event(kind=STARTED, at=office.clock.now(), what=what, data=data)
    office.ledger.commit([fence, Log(event=started)])
    return bundle


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


def _new_term(office: Office, what: str) -> Term:
    since = office.clock.now()
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


def _with_images(office: Office, told: Told) -> Fleet:
    """Answer the fleet with the images that stand for the projects' dockerfiles today."""
    described = [each for each in office.fleet.projects.values() if each.dockerfile]
    if not described:
        return office.fleet
    makers = project_images(office)
    ready = {each.key: makers.ready(each, told) for each in described}
    return replace(office.fleet, projects={**office.fleet.projects, **ready})


def _drop_other_images(office: Office, fleet: Fleet) -> None:
    """Drop what the projects' dockerfiles made before; only for who has the term."""
    for project in fleet.projects.values():
        if project.dockerfile:
            project_images(office).drop_others(project)


def held_by(site: Site) -> dict[str, object] | None:
    """Answer who coordinates this home, here or from another machine; None when nobody does."""
    said = homes.holder(site.home)
    here, term = homes.place(site.home), site.ledger.term()
    if said is not None and (said.pid or term is None or term.host != here):
        told, since = {"pid": said.pid, "holder": said.what, "host": here}, said.since
    elif term is not None and (
        # without a note of who holds the home, its term says it
        said is not None or standing_in_the_way(term, host=here, now=site.clock.now())
    ):
        told, since = {"pid": term.pid, "holder": term.what, "host": term.host}, term.since
    else:
        return None
    return {**told, "since": since.isoformat()}
