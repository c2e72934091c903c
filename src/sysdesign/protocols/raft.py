"""Raft's election and log among five servers, under a partition or a crash.

After Ongaro and Ousterhout (ongaro-2014): a follower that hears nothing stands for election; a vote goes to a
candidate whose log is at least as new, once a term; an entry is committed when a majority holds it and it is of the
leader's own term; a follower's log is made equal to the leader's from the last entry on which they agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sysdesign.protocols.telling import Fault, Message, Part, Protocol, Step

SERVERS = ("A", "B", "C", "D", "E")
MAJORITY = len(SERVERS) // 2 + 1
TICK_MS = 10  # a message takes one tick
HEARTBEAT = 5
TOO_LATE = 6  # ticks after which answers would have come
PATIENCE = dict(zip(SERVERS, (15, 20, 26, 32, 38), strict=True))  # ticks without a leader; drawn at random in practice
CUT_AT, HEAL_AT, END_AT = 12, 90, 120
WRITES = {4: "x=1", 60: "x=3"}  # what clients ask of whoever leads the larger side
CUTS: dict[str, frozenset[str]] = {
    "nobody": frozenset(),
    "leader": frozenset("A"),
    "leader_and_one": frozenset("AB"),
    "followers": frozenset("DE"),
    "crash": frozenset("A"),
}

Entry = tuple[int, str]  # the term in which a leader took it, and what it sets


@dataclass
class Server:
    """What one server holds; the log begins at index 0."""

    name: str
    term: int = 1
    voted_for: str = "A"
    log: list[Entry] = field(default_factory=list)
    commit: int = 0  # entries that it knows to be committed
    role: str = "follower"
    votes: set[str] = field(default_factory=set)
    deadline: int = 0
    held: dict[str, int] = field(default_factory=dict)  # entries that a follower is known to share, while it leads

    @property
    def newest(self) -> tuple[int, int]:
        """What decides whose log is newer: the last entry's term, then the length."""
        return (self.log[-1][0] if self.log else 0, len(self.log))


@dataclass(frozen=True)
class Letter:
    """A message on its way: `kind` is vote, granted, append or matched."""

    kind: str
    sender: str
    receiver: str
    term: int
    newest: tuple[int, int] = (0, 0)
    after: int = 0  # append: entries before these; matched: entries that are now equal
    before_term: int = 0
    entries: tuple[Entry, ...] = ()
    commit: int = 0
    agreed: bool = True

    @property
    def text(self) -> str:
        """As a reader sees it."""
        said = {"vote": "vote for me", "granted": "you have my vote", "matched": "stored" if self.agreed else "gap"}
        entries = ", ".join(value for _, value in self.entries)
        return f"{said.get(self.kind, entries or 'heartbeat')} (term {self.term})"


@dataclass
class Cluster:
    """Five servers, the network between them, and what an observer who sees all has noted."""

    cut: frozenset[str] = frozenset()
    crashed: bool = False  # the cut server is down instead of cut off
    early: bool = False  # x=2 reaches the first leader before the cut instead of after it
    servers: dict[str, Server] = field(default_factory=dict)
    letters: list[tuple[int, Letter]] = field(default_factory=list)
    now: int = 0
    notes: list[str] = field(default_factory=list)
    due: list[tuple[Letter, bool]] = field(default_factory=list)  # since the last step told, and whether each arrived
    leaders: dict[int, str] = field(default_factory=dict)
    committed: list[Entry] = field(default_factory=list)
    broken: str = ""
    asked_at: dict[str, int] = field(default_factory=dict)  # when a client last asked that leader

    def __post_init__(self) -> None:
        self.servers = {name: Server(name, deadline=PATIENCE[name]) for name in SERVERS}
        self._lead(self.servers["A"])

    def divided(self) -> bool:
        return bool(self.cut) and CUT_AT <= self.now < HEAL_AT

    def passes(self, letter: Letter) -> bool:
        return not (self.divided() and (letter.sender in self.cut) != (letter.receiver in self.cut))

    def down(self, name: str) -> bool:
        return self.crashed and self.divided() and name in self.cut

    def send(self, letter: Letter) -> None:
        self.letters.append((self.now + 1, letter))

    def tick(self) -> None:
        """One tick: letters that arrive, clients, elections, heartbeats."""
        due = [letter for at, letter in self.letters if at <= self.now]
        self.letters = [(at, letter) for at, letter in self.letters if at > self.now]
        for letter in due:
            arrives = self.passes(letter) and not self.down(letter.receiver)
            self.due.append((letter, arrives))
            if arrives:
                self._receive(self.servers[letter.receiver], letter)
        self._clients()
        for server in self.servers.values():
            if self.down(server.name):
                continue
            if server.role == "leader" and self.now % HEARTBEAT == 0:
                self._append(server)
            elif server.role != "leader" and self.now >= server.deadline:
                self._stand(server)
            self._wait(server)
        self.now += 1

    def _clients(self) -> None:
        stray = CUT_AT - 1 if self.early else CUT_AT + 8
        if self.now == stray and not self.down("A") and self.servers["A"].role == "leader":
            self.ask("A", "x=2")
        value = WRITES.get(self.now)
        leads = [s for s in self.servers.values() if s.role == "leader" and not self.down(s.name)]
        if value and leads:
            self.ask(max(leads, key=lambda server: server.term).name, value)

    def ask(self, name: str, value: str) -> None:
        """A client asks this server, which leads, to store a value."""
        leader = self.servers[name]
        self.asked_at[name] = self.now
        leader.log.append((leader.term, value))
        self.notes.append(f"A client asks {leader.name} for {value}.")
        self._append(leader)

    def _wait(self, leader: Server) -> None:
        """Notes once that a leader's newest entry has reached too few."""
        if leader.role != "leader" or self.now != self.asked_at.get(leader.name, -1) + TOO_LATE:
            return
        if leader.commit < len(leader.log):
            holders = 1 + sum(held >= len(leader.log) for name, held in leader.held.items() if name != leader.name)
            value = leader.log[-1][1]
            self.notes.append(
                f"{holders} of {len(SERVERS)} hold {value}, no majority: {leader.name} cannot commit it, "
                "and its client gets no answer."
            )

    def _append(self, leader: Server) -> None:
        for name in SERVERS:
            if name != leader.name:
                after = leader.held.get(name, 0)
                before = leader.log[after - 1][0] if after else 0
                entries = tuple(leader.log[after:])
                self.send(Letter("append", leader.name, name, leader.term, after=after, before_term=before,
                                 entries=entries, commit=leader.commit))  # fmt: skip

    def _stand(self, server: Server) -> None:
        server.term += 1
        server.role, server.voted_for, server.votes = "candidate", server.name, {server.name}
        server.deadline = self.now + PATIENCE[server.name]
        self.notes.append(f"{server.name} has heard no leader: it asks for votes in term {server.term}.")
        for name in SERVERS:
            if name != server.name:
                self.send(Letter("vote", server.name, name, server.term, newest=server.newest))

    def _lead(self, server: Server) -> None:
        server.role, server.held = "leader", dict.fromkeys(SERVERS, len(server.log))
        if self.leaders.setdefault(server.term, server.name) != server.name:
            self.broken = f"term {server.term} has two leaders"
        self._append(server)

    def _receive(self, server: Server, letter: Letter) -> None:
        if letter.term > server.term:
            if server.role == "leader":
                self.notes.append(f"{server.name} hears of term {letter.term} and steps down.")
            server.term, server.voted_for, server.role = letter.term, "", "follower"
        {"vote": self._asked, "granted": self._granted, "append": self._appended, "matched": self._matched}[
            letter.kind
        ](server, letter)

    def _asked(self, server: Server, letter: Letter) -> None:
        fits = letter.term == server.term and server.voted_for in ("", letter.sender)
        if fits and letter.newest >= server.newest:
            server.voted_for, server.deadline = letter.sender, self.now + PATIENCE[server.name]
            self.send(Letter("granted", server.name, letter.sender, server.term))
        elif letter.newest < server.newest and letter.term == server.term:
            self.notes.append(f"{server.name} refuses its vote to {letter.sender}, whose log is older.")

    def _granted(self, server: Server, letter: Letter) -> None:
        if server.role != "candidate" or letter.term != server.term:
            return
        server.votes.add(letter.sender)
        if len(server.votes) == MAJORITY:
            names = ", ".join(sorted(server.votes))
            self.notes.append(
                f"{server.name} has {MAJORITY} of {len(SERVERS)} votes ({names}): it leads term {server.term}."
            )
            self._tell_old(server)
            self._lead(server)

    def _tell_old(self, leader: Server) -> None:
        """Notes who else takes itself for a leader: it is one of an older term, and commits nothing."""
        for each in self.servers.values():
            if each.role == "leader" and each.term < leader.term and not self.down(each.name):
                self.notes.append(
                    f"{each.name}, cut off, has not heard of term {leader.term} and still takes itself for the leader; "
                    "without a majority it commits nothing."
                )

    def _appended(self, server: Server, letter: Letter) -> None:
        if letter.term < server.term:
            self.send(Letter("matched", server.name, letter.sender, server.term, agreed=False))
            return
        server.role, server.deadline = "follower", self.now + PATIENCE[server.name]
        before = server.log[letter.after - 1][0] if 0 < letter.after <= len(server.log) else 0
        if letter.after > len(server.log) or before != letter.before_term:
            self.send(Letter("matched", server.name, letter.sender, server.term, after=letter.after - 1, agreed=False))
            return
        self._copy(server, letter)
        held = letter.after + len(letter.entries)
        server.commit = max(server.commit, min(letter.commit, held))
        self.send(Letter("matched", server.name, letter.sender, server.term, after=held))

    def _copy(self, server: Server, letter: Letter) -> None:
        own = server.log[letter.after : letter.after + len(letter.entries)]
        if own != list(letter.entries):
            lost = [value for _, value in server.log[letter.after :]]
            if lost:
                self.notes.append(f"{server.name} drops {', '.join(lost)}, which was never committed.")
            server.log[letter.after :] = letter.entries
            self.notes.append(f"{server.name} stores {', '.join(value for _, value in letter.entries)}.")

    def _matched(self, server: Server, letter: Letter) -> None:
        if server.role != "leader" or letter.term != server.term:
            return
        if not letter.agreed:
            server.held[letter.sender] = max(0, letter.after)
            self._append(server)
            return
        server.held[letter.sender] = max(server.held[letter.sender], letter.after)
        for index in range(len(server.log), server.commit, -1):
            holders = 1 + sum(server.held[name] >= index for name in SERVERS if name != server.name)
            if holders >= MAJORITY and server.log[index - 1][0] == server.term:
                self._commit(server, index)
                return

    def _commit(self, server: Server, index: int) -> None:
        fresh = server.log[server.commit : index]
        server.commit = index
        self.notes.append(f"{MAJORITY} of {len(SERVERS)} hold {', '.join(v for _, v in fresh)}: committed.")
        known = self.committed[:index]
        if server.log[: len(known)] != known:
            self.broken = f"{server.name} commits another entry in place of {known[-1][1]}"
        self.committed = [*server.log[:index], *self.committed[index:]]

    def told(self, at: int) -> Step:
        """What an observer sees now, and has seen arrive or be lost since the last step; `at` is the tick shown."""
        parts = tuple(self._part(server) for server in self.servers.values())
        shown = [
            (letter, arrives) for letter, arrives in self.due if letter.kind in ("vote", "granted") or letter.entries
        ]
        messages = dict.fromkeys(Message(each.sender, each.receiver, each.text, arrives) for each, arrives in shown)
        counts = (
            ("Committed", ", ".join(value for _, value in self.committed) or "nothing"),
            ("Leaders so far", ", ".join(f"{name} in term {term}" for term, name in sorted(self.leaders.items()))),
        )
        says, self.notes, self.due = " ".join(self.notes), [], []
        return Step(at * TICK_MS / 1000, says, parts, tuple(messages), counts, self.broken)

    def _part(self, server: Server) -> Part:
        log = ", ".join(f"{value}{'' if at < server.commit else '?'}" for at, (_, value) in enumerate(server.log))
        away = self.divided() and server.name in self.cut
        old = server.role == "leader" and server.term < max(self.leaders)
        shown = f"{server.role} of old term {server.term}" if old else f"{server.role}, term {server.term}"
        role = "down" if self.down(server.name) else shown + (", cut off" if away else "")
        mood = "away" if away else "good" if server.role == "leader" and not old else ""
        return Part(server.name, role, log or "empty log", mood)


def play(given: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps for a partition or crash, and for the moment of the second write."""
    return tuple(_steps(given["cut"], given["second_write"]))


def _steps(cut: str, second: str) -> Iterator[Step]:
    cluster = Cluster(cut=CUTS[cut], crashed=cut == "crash", early=second == "before")
    cluster.notes = ["A leads term 1."]
    names = " and ".join(sorted(CUTS[cut]))
    while cluster.now <= END_AT:
        if CUTS[cut] and cluster.now == CUT_AT:
            cluster.notes.append(f"{names} crashes." if cluster.crashed else f"The network cuts {names} off.")
        if CUTS[cut] and cluster.now == HEAL_AT:
            cluster.notes.append(f"{names} starts again, its log intact." if cluster.crashed else "The network heals.")
            if cluster.crashed:
                for name in CUTS[cut]:
                    cluster.servers[name].role = "follower"
                    cluster.servers[name].deadline = cluster.now + PATIENCE[name]
        at = cluster.now
        cluster.tick()
        if cluster.notes:
            yield cluster.told(at)
    cluster.notes = ["All quiet."]
    yield cluster.told(cluster.now)


PROTOCOL = Protocol(
    name="raft",
    title="Raft under a partition",
    question="Who may lead, and which writes survive?",
    section="04-Database-Technologies#consensus",
    promise="A term has one leader at most, and what was committed stays at its place in every later leader's log.",
    assumes=(
        "Five servers, 10 ms between any two, a heartbeat every 50 ms. A waits 150 ms for a leader, E 380 ms; in "
        "practice the wait is drawn at random. Logs are kept over a crash."
    ),
    faults=(
        Fault(
            "cut", "What fails, from 120 to 900 ms",
            {
                "nobody": "nothing", "leader": "the leader is cut off", "crash": "the leader crashes",
                "leader_and_one": "the leader and B are cut off", "followers": "D and E are cut off",
            },
            "leader_and_one",
        ),
        Fault(
            "second_write", "A client's second write reaches A",
            {"before": "at 110 ms, before the fault", "after": "at 200 ms, during the fault"}, "after",
        ),
    ),
    play=play,
    key="“x=1?”: stored, and this server does not know it to be committed.",
)  # fmt: skip
