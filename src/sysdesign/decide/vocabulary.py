"""The workload vocabulary: every fact a decision may ask for, for all documents.

One field, one meaning: frameworks bring no private synonyms. Numbers carry unit,
bounds and the range that stands for "unknown"; choices are words, never yes and no.
A prior is a plain small system (one team, one region, some tens of requests a
second), so that what nobody states never forces anything. A number's likely range
is what most such systems fall into, even on the field's scale; a word's weight is
how often it would be met where nobody thought it worth saying, so unusual demands
(writes on both sides of a split, a protocol of the last century) weigh little.
Priors are this project's convention, not measurements; state the value and the
prior is out of play. What follows from other facts is in inference.py.
"""

# A table reads better with one field a line.
# ruff: noqa: E501

from __future__ import annotations

from sysdesign.decide.field import Field, Number, Word

GROUPS = {
    "traffic": "How many requests, how uneven, how fast they grow",
    "data": "What is stored, how it is asked for, what belongs together",
    "cache": "What a copy nearer to the reader could hold",
    "latency": "How fast an answer must be",
    "consistency": "What a reader may see after a write",
    "durability": "What may be lost, and how soon it must be back",
    "availability": "What must stay up, and through which failures",
    "places": "Where users and data are",
    "clients": "Who calls, through which network",
    "api": "What one call asks for",
    "push": "What the server tells without being asked",
    "messages": "Work and events handed from one part to another",
    "process": "Work that takes several steps in several services",
    "dependency": "A call to something that can fail",
    "overload": "What happens when more arrives than can be done",
    "compute": "What one piece of work needs to run",
    "history": "What must be known about the past",
    "analytics": "Questions over many records at once",
    "machine": "What one machine of the kind in use can do",
    "present": "What exists already",
    "team": "Who builds and runs it",
    "goals": "Cost and time",
    "edge": "What is served near the user",
    "storage": "Files and objects, and how often they are wanted",
    "network": "Connections on their way to the servers",
    "identity": "Who acts, and what a caller can keep secret",
}


def _many(weights: str) -> dict[str, tuple[float, str]]:
    """Words from lines of "word weight meaning"."""
    found = {}
    for line in weights.strip().splitlines():
        word, weight, meaning = line.split(None, 2)
        found[word] = (float(weight), meaning)
    return found


N = Number


def W(name: str, central: str, meaning: str, words: str, order: str = "") -> Word:
    return Word(name, _many(words), central, meaning, order)


_FIELDS: tuple[Field, ...] = (
    # name, unit, low, high, likely low, central, likely high, meaning
    N("traffic.reads_per_s", "1/s", 0, 1e9, 1, 20, 500, "Mean rate of reads or calls that change nothing", load=True),
    N("traffic.writes_per_s", "1/s", 0, 1e8, 0.1, 2, 50, "Mean rate of writes or calls that change something", load=True),
    N("traffic.peak_factor", "factor", 1, 1e4, 2, 3, 10, "Busiest minute over the mean rate"),
    N("traffic.idle_share", "share", 0, 1, 0.0, 0.3, 0.7, "Share of the hours of a month with next to no traffic", "linear"),
    N("traffic.growth_per_year", "factor", 0.1, 1e4, 1, 1.3, 2.5, "Load in a year over load today"),
    N("traffic.hottest_key_share", "share", 0, 1, 0.0001, 0.001, 0.02, "Share of all requests that ask for the single most wanted key"),
    N("traffic.response_bytes", "B", 1, 1e12, 500, 5e3, 1e5, "Mean size of one answer"),
    N("traffic.shared_share", "share", 0, 1, 0.0, 0.2, 0.6, "Share of reads whose answer is the same for many users", "linear"),
    N("traffic.fan_out", "factor", 0, 1e9, 1, 5, 200, "Mean number of readers who each see one write, as followers do"),
    N("traffic.fan_out_max", "factor", 0, 1e10, 1, 50, 5e3, "Readers of the most followed writer"),
    W("traffic.shape", "daily", "How load moves over time", """
        steady 3 nearly the same all day
        daily 6 rises and falls with the day
        spiky 2 jumps many times within seconds
        rare 1 a few calls an hour or less"""),
    N("data.size", "GB", 0, 1e12, 1, 20, 500, "All data that must be kept and served", load=True),
    N("data.item_bytes", "B", 1, 1e15, 200, 2e3, 5e4, "Mean size of one record or object"),
    N("data.items", "count", 0, 1e18, 1e5, 1e7, 1e8, "Number of records or objects", load=True),
    N("data.growth_per_year", "factor", 0.1, 1e4, 1, 1.3, 2.5, "Data in a year over data today"),
    W("data.shape", "records", "What one record is like", """
        records 8 rows of named fields that refer to each other
        documents 2.5 self-contained nested documents, each read and written whole
        keyed_values 1.5 opaque values found by one key
        keyed_lists 0.5 lists under a key, appended to and read newest first
        relationships 0.2 the links between things matter more than the things
        measurements 0.7 numbers with a time, appended and aggregated
        blobs 0.2 files, images, video"""),
    W("data.access", "known", "Whether the ways of asking are settled", """
        unclear 3 new questions keep coming
        known 6 a short list of queries that rarely changes
        one_key 1 always by one key"""),
    W("data.joins", "within_key", "Reads that combine kinds of records", """
        none 3 a read needs one kind of record
        within_key 5 combined, but inside one customer, tenant or account
        across 2 combined across all customers"""),
    W("data.transactions", "within_key", "What one write must change together or not at all", """
        none 2 nothing: each write stands alone
        one_record 3 a single record
        within_key 4 several records of one customer, tenant or account
        across 1 records of different customers, as in a transfer"""),
    W("data.partition_key", "natural", "A key that nearly every query carries", """
        none 2 queries carry different keys
        natural 6 customer, tenant, account, channel or the like"""),
    N("data.largest_key_share", "share", 0, 1, 0.0005, 0.01, 0.05, "Share of data or writes that belongs to the largest value of that key"),
    N("data.key_values", "count", 1, 1e15, 100, 1e5, 1e8, "How many values that key has"),
    W("data.range_reads", "some", "Reads of neighbors in key order", """
        none 4 single records only
        some 4 now and then
        main 2 most reads scan a range, as the newest N or a month"""),
    W("data.write_order", "random", "Where in the key order writes land", """
        random 6 anywhere
        increasing 3 always at the end, as time stamps and counters do"""),
    N("data.hops", "count", 0, 20, 0, 1, 2, "Links followed in one typical read", "linear", whole=True),
    W("data.schema", "stable", "How record fields change", """
        stable 7 a migration now and then
        per_item 2 fields differ from record to record"""),
    W("data.tenants", "many_small", "How customers share the system", """
        one 2 there is one customer, or none to keep apart
        many_small 7 many customers, none large
        isolated 1 customers whose trouble must not reach each other"""),
    W("data.lifetime", "long", "How long a record is wanted", """
        long 7 until deleted
        recent 3 mostly while it is fresh, then it ages out"""),
    N("cache.hot_bytes", "GB", 0, 1e9, 0.1, 2, 50, "Data that gets most of the reads (the working set)"),
    N("cache.memory", "GB", 0, 1e7, 1, 8, 64, "Memory that a cache may use"),
    N("cache.update_interval", "s", 1e-3, 1e10, 10, 3600, 1e6, "Mean time between changes of one wanted entry"),
    N("cache.rebuild", "ms", 1e-3, 1e8, 1, 20, 500, "Time to produce one entry from its source"),
    N("cache.entry_lifetime", "s", 1e-3, 1e9, 10, 300, 86400, "How long an entry is kept before it expires, where one is set"),
    W("cache.popularity", "skewed", "How reads spread over keys", """
        even 2 every key about as often
        skewed 7 a few keys take most reads, the same ones for long
        shifting 1.5 few keys take most reads, and which ones changes within hours
        loop 0.2 all keys in turn, over and over"""),
    W("cache.scans", "none", "Sweeps through many keys that are read once", """
        none 8 no such sweeps
        regular 2 reports, crawlers or backups pass through"""),
    W("cache.entry_sizes", "alike", "Sizes of entries", """
        alike 8 within a factor of ten
        varied 2 from hundreds of bytes to megabytes"""),
    W("cache.write_paths", "one", "Who writes the source of the cached data", """
        one 7 one program, which could tell the cache
        several 3 several programs, jobs or people with SQL"""),
    W("cache.change_stream", "none", "A feed of committed changes of the source", """
        none 8 there is none
        available 2 the store publishes its changes in order"""),
    W("cache.read_after_write", "rare", "Whether what was written is read soon after", """
        rare 6 seldom
        common 3 usually, by the same or other users"""),
    W("cache.completeness", "partial", "What share of the data readers ask for", """
        partial 9 some of it
        all_small 1 all of it, and it fits in the memory of one process"""),
    W("cache.structures", "values", "What is asked of a cached entry", """
        values 8 get and set whole values
        structures 2 sorted sets, counters, lists, locks, publish and subscribe"""),
    W("cache.loss", "tolerable", "What an empty cache after a restart means", """
        tolerable 7 slower for a while
        outage 2 the source cannot carry the load alone"""),
    W("cache.removal", "expiry", "How a wanted entry most often leaves the cache", """
        expiry 7 its lifetime ends
        write 2 a write deletes it before its lifetime ends"""),
    W("cache.stale_while_rebuilding", "acceptable", "Serving the old value a little longer while a new one is made", """
        acceptable 7 fine
        refused 2 an expired value must not be shown"""),
    W("cache.wanted_keys", "unpredictable", "Whether it is known beforehand what will be read", """
        unpredictable 8 no
        predictable 2 the few wanted entries are known and worth renewing ahead"""),
    N("latency.read_p99", "ms", 1e-3, 1e9, 50, 300, 2000, "What 99 of 100 reads must stay under", looser="higher"),
    N("latency.write_p99", "ms", 1e-3, 1e9, 100, 500, 5000, "What 99 of 100 writes must stay under", looser="higher"),
    N("latency.store_read_p99", "ms", 1e-3, 1e9, 2, 15, 150, "What 99 of 100 reads of the store take today, or would take"),
    N("latency.between_regions", "ms", 0.1, 2000, 20, 80, 250, "Round trip between the regions in use", "linear"),
    W("consistency.reads", "read_your_writes", "What a read must return", """
        strong 2 the latest committed write, for everyone
        read_your_writes 6 one's own writes; others' may come later
        bounded 1 nothing older than the staleness allowed
        eventual 2 any recent state; it settles""",
      "strong > read_your_writes > eventual; strong > bounded > eventual"),
    N("consistency.staleness", "s", 0, 1e8, 0.5, 10, 600, "How old a read may be, where it may be old at all", looser="higher"),
    W("consistency.invariants", "per_key", "Rules over the data that must never break", """
        across_keys 1 rules over several customers or accounts
        per_key 5 rules inside one customer or account (a balance of 0 or more)
        none 3 no such rule""", "looser"),
    W("consistency.conflicts", "lose_one", "Two writes to one record in two places at once", """
        forbidden 3 must not happen
        lose_one 5 the later may win
        mergeable 1 can be merged, as sets and counters can""", "looser"),
    W("consistency.order", "none", "The order in which changes must be seen or handled", """
        total 0.1 all in one order
        per_key 2 in order for one customer, account or key
        none 6 any order""", "looser"),
    N("durability.loss", "s", 0, 1e7, 0, 5, 300, "Newest writes that may be lost in the worst failure planned for, as time", looser="higher"),
    N("durability.recovery", "s", 0, 1e8, 300, 3600, 43200, "Time in which service must be back after that failure", looser="higher"),
    W("durability.messages", "keep", "What a lost message means", """
        keep 6 none may be lost once accepted
        tolerable 2 a few may be""", "looser"),
    W("durability.duplicates", "harmless", "What handling one message twice means", """
        harmful 3 a wrong result, as a second charge
        harmless 6 nothing: the work is idempotent""", "looser"),
    N("availability.target", "share", 0.5, 0.9999999, 0.99, 0.999, 0.9995, "Share of requests or time served", "nines", looser="lower"),
    W("availability.survive", "machine", "The largest failure that users must not notice", """
        region 0.2 a whole region
        zone 3 a whole zone (data center)
        machine 6 a machine""", "looser"),
    W("availability.gray_failures", "tolerable", "Partial failure of one zone that health checks miss", """
        tolerable 9 seldom enough
        costly 0.5 has hurt users and must be drained within minutes"""),
    N("availability.outage", "s", 0, 1e7, 1, 8, 3600, "Longest time for which a receiver or dependency may be away"),
    W("availability.split_writes", "refuse", "Writes while two places cannot talk", """
        accept 0.15 must be accepted on both sides
        refuse 9 may be refused on one side"""),
    W("places.users", "one_region", "Where users are", """
        one_region 7 near one region
        continent 2 across a continent
        worldwide 2 all over the world"""),
    W("places.writes", "one_region", "Where writes must be accepted", """
        one_region 9 in one region
        every_region 0.3 near the user in every region"""),
    N("places.regions", "count", 1, 100, 1, 1, 1.7, "Regions that hold the data", whole=True),
    W("places.residency", "none", "Duty to keep data in a country", """
        none 9 none
        required 1 some data must stay in its country"""),
    N("places.distance", "ms", 1, 1000, 10, 30, 150, "Round trip between most users and the nearest serving region"),
    N("clients.kinds", "count", 1, 1000, 1, 2, 4, "Kinds of client with different needs (web, phone, partner)", "linear", whole=True),
    W("clients.who", "own", "Who writes the clients", """
        own 6 our own apps
        services 3 our own services
        partners 1 known partners
        public 1 anyone, and abuse must be expected"""),
    W("clients.browser", "some", "Browsers among the clients", """
        none 3 none
        some 6 some or all"""),
    W("clients.network", "good", "The network between client and server", """
        good 6 fast and stable
        mobile 3 phones: slow, dropping, each byte and wake-up costs battery
        restrictive 0.3 proxies that cut long connections"""),
    N("clients.connected", "count", 0, 1e10, 10, 500, 20000, "Clients connected at one time", load=True),
    W("clients.keys", "none", "Keys, quotas or plans per calling customer", """
        none 8 not needed
        needed 2 each caller has a key and a quota"""),
    W("clients.firewall", "simple", "What must inspect or transform calls at the front door", """
        simple 8 routing and a token check
        full 2 web firewall, request validation, transformation, private endpoints"""),
    N("api.resources_per_screen", "count", 1, 1000, 1, 3, 8, "Kinds of resource that one screen or job needs together", "linear", whole=True),
    W("api.shapes", "alike", "What different clients want from the same resource", """
        alike 6 about the same fields
        differ 3 each kind of client wants other fields"""),
    W("api.calls", "resources", "What calls are about", """
        resources 6 reading and changing things with names
        actions 2 typed procedures between services
        relations 2 walks through related things"""),
    W("api.streams", "none", "Streams inside one call", """
        none 9 request and answer
        server 0.7 the server sends many answers
        both 0.3 both sides send while the call is open"""),
    W("api.http_caching", "useful", "Answers that caches on the way may keep", """
        useful 5 much is cacheable by address
        unimportant 4 little or nothing"""),
    N("api.owners", "count", 1, 10000, 1, 1, 2.5, "Teams that own parts of what the API shows", whole=True),
    N("api.calls_per_request", "count", 1, 10000, 1, 3, 8, "Calls between services that one outside request causes", "linear", whole=True),
    W("api.change", "slow", "How often screens ask for other fields", """
        slow 7 a few times a year
        constant 2 experiments every week"""),
    W("push.direction", "none", "Who starts", """
        none 4 clients ask, nothing is pushed
        to_client 4 the server has news for clients
        both 1 both sides send often (chat, games, editing)
        to_server 1 another company's server wants our events"""),
    N("push.updates_per_client", "1/s", 0, 1e5, 1e-5, 1e-3, 0.1, "News for one client"),
    N("push.delay", "s", 1e-3, 1e6, 1, 10, 60, "How late news may arrive", looser="higher"),
    N("push.client_sends_per_s", "1/s", 0, 1e4, 0, 0.01, 0.1, "Messages that one connected client sends", "linear"),
    W("push.missed", "tolerable", "A piece of news that never arrives", """
        must_arrive 3 must be made good
        tolerable 5 harmless: the next one or a fetch heals it""", "looser"),
    W("push.fetch", "exists", "An ordinary call with which a client can get the news itself", """
        none 3 there is none
        exists 5 there is one"""),
    W("push.payload", "small", "What one piece of news carries", """
        small 7 a few hundred bytes
        large 1 kilobytes or personal data that needs a check
        binary 0.3 bytes that are not text"""),
    W("messages.answer", "now", "When the caller needs the result", """
        now 5 before it can go on
        later 4 later or never"""),
    N("messages.per_s", "1/s", 0, 1e9, 0.1, 10, 500, "Messages or events handed over", load=True),
    N("messages.bytes", "B", 1, 1e13, 200, 2e3, 2e4, "Size of one message"),
    N("messages.readers", "count", 0, 1e6, 1, 1, 1.6, "Independent groups of consumers that each need every message", whole=True),
    W("messages.replay", "none", "Reading again what was already handled", """
        none 9 not needed
        needed 0.7 new or repaired consumers read old messages"""),
    N("messages.retention", "days", 0, 1e5, 0.5, 2, 7, "How long messages must stay readable"),
    N("messages.handle", "ms", 1e-3, 1e9, 5, 50, 2000, "Time to handle one message"),
    W("messages.routing", "none", "Choosing receivers by what a message says", """
        none 9 everyone of a kind gets everything
        by_content 1 many rules over fields, many sources and targets"""),
    W("messages.schedule", "none", "Handling at a set time", """
        none 9 as soon as may be
        at_time 0.3 at a time given with the message"""),
    W("messages.target", "any_worker", "Who names the receiver", """
        any_worker 8 whoever is free among equal workers
        publisher_names 0.3 the sender names the exact address to call
        subscribers 1 receivers sign up; the sender knows none of them"""),
    W("messages.rate_control", "none", "Protecting the receiver from too fast delivery", """
        none 8 receivers take what they can
        needed 0.7 a set rate or number at once must be held"""),
    W("messages.ack", "each", "How handling is confirmed", """
        each 5 each message alone; slow ones must not hold up others
        in_order 3 up to a position in the order"""),
    W("messages.protocol", "free", "A wire protocol that clients already speak", """
        free 9.5 none to keep
        legacy 0.2 AMQP, JMS, STOMP or MQTT clients that cannot be changed"""),
    W("messages.reply", "none", "Whether the enqueued write may be lost with its record", """
        none 8 the message is sent on its own
        with_database 2 a row and a message must both happen or neither"""),
    W("messages.noise", "alike", "What one kind of message, or one customer, does to the others", """
        alike 8 kinds and customers do no harm to each other
        noisy 2 a flood or fault of one holds up the others"""),
    N("messages.kinds", "count", 1, 1e4, 1, 4, 12, "Kinds of message that differ in urgency, in cost or in who waits for them", whole=True),
    N("messages.burst_factor", "factor", 1, 1e6, 2, 5, 50, "Busiest minute over the mean rate of messages"),
    W("messages.broker_memory", "enough", "Backlog against the memory of the broker in use", """
        enough 9.5 the backlog always fits
        exceeded 0.2 a backlog has filled the broker or will"""),
    N("process.steps", "count", 1, 1e4, 1, 3, 6, "Steps of one piece of work", "linear", whole=True),
    N("process.services", "count", 1, 1000, 1, 2, 4, "Services that take part", "linear", whole=True),
    N("process.duration", "s", 1e-4, 1e9, 0.1, 5, 3600, "How long one piece of work takes from start to end"),
    N("process.transitions_per_s", "1/s", 0, 1e8, 0.1, 5, 200, "Steps finished over all pieces of work", load=True),
    W("process.compensation", "none", "Undoing steps that already took effect", """
        none 7 not needed
        needed 2 a later failure must undo earlier steps"""),
    W("process.waits", "none", "Waiting for people or outside answers", """
        none 8 no
        outside 1 for hours or days, for people or callbacks"""),
    W("process.visibility", "logs", "Who must see how far one piece of work is", """
        logs 7 logs are enough
        required 2 people or regulators ask where it stands"""),
    W("process.change", "stable", "What changes", """
        stable 7 neither steps nor participants
        steps 2 the order and conditions of the steps
        participants 1 new services join and react"""),
    W("process.idempotent", "made_so", "Running a step twice", """
        unsafe 1.5 does harm
        made_so 6 is harmless""", "looser"),
    W("process.data", "small", "What passes between steps", """
        small 9 identifiers and small records
        bulk 1 frames, files or large batches"""),
    W("process.coupling", "loose", "How closely steps work on the same data", """
        loose 8 each step could run elsewhere
        tight 1 each step needs what the one before just held in memory"""),
    W("dependency.place", "remote", "Where the thing called runs", """
        remote 8 over a network
        local 1 in the same process or machine"""),
    N("dependency.calls_per_s", "1/s", 0, 1e8, 1, 20, 500, "Calls to it from all our machines", load=True),
    N("dependency.callers", "count", 1, 1e6, 1, 4, 20, "Machines or processes of ours that call it", whole=True),
    N("dependency.p99", "ms", 1e-3, 1e8, 10, 100, 1000, "What 99 of 100 calls stay under when it is well"),
    N("dependency.failed_share", "share", 0, 1, 2e-4, 0.001, 0.01, "Share of single calls that fail when it is well"),
    W("dependency.fails", "rarely", "How it fails when it fails", """
        rarely 6 short and seldom
        fast 1.5 with quick errors for minutes
        slow 2.5 by hanging, so callers wait"""),
    W("dependency.repeat", "read", "What a repeated call does", """
        read 5 nothing: it only reads
        idempotent 3 nothing: the callee knows it did it
        key_possible 1.5 harm, unless a key tells the callee it is the same
        harmful 0.5 harm, and no key is possible"""),
    W("dependency.atomic", "one", "What must change together", """
        one 9 one system
        several 0.5 several databases at once"""),
    N("dependency.layers_that_retry", "count", 0, 20, 0, 0, 0.7, "Layers below or above that retry the same call", "linear", whole=True),
    W("dependency.fallback", "none", "Something useful to answer without it", """
        none 6 nothing
        degraded 3 a cached, default or partial answer"""),
    W("dependency.shards", "one", "Whether it fails as a whole", """
        one 8 as a whole
        many 1 one shard, zone or tenant at a time"""),
    N("dependency.shared_with", "count", 1, 1000, 1, 3, 8, "Other dependencies served by the same threads or pool", "linear", whole=True),
    N("overload.offered_share", "factor", 0, 1000, 0.3, 0.6, 1.1, "Load offered at the worst moment over what can be served", load=True),
    N("overload.scale_out", "s", 0, 1e6, 30, 180, 900, "Time until added capacity serves"),
    N("overload.rise", "s", 0.01, 1e7, 60, 900, 7200, "Time in which load doubles at the worst moment"),
    W("overload.clients", "alike", "How callers differ", """
        alike 7 about the same share each
        one_can_flood 2 one caller, by abuse or mistake, can send most of it"""),
    W("overload.importance", "alike", "How requests differ", """
        alike 6 all about as important
        differs 2.5 some must be served while others can wait"""),
    W("overload.bursts", "few", "Short bursts of one caller", """
        few 5 rare or not to be allowed
        legitimate 4 normal and to be served"""),
    W("overload.costs", "alike", "What requests cost the server", """
        alike 7 about the same each
        varied 2 some cost a hundred times others"""),
    W("overload.retries", "some", "How clients react to failure", """
        none 2 not at all
        some 6 with backoff
        heavy 2 at once and often"""),
    N("overload.tenants", "count", 1, 1e9, 1, 100, 1e4, "Callers that share the service", whole=True),
    N("overload.blast_share", "share", 0, 1, 0.1, 1, 1, "Largest share of users that one fault may touch", "linear", looser="higher"),
    N("compute.duration", "s", 1e-4, 1e7, 0.01, 0.2, 10, "How long one piece of work runs"),
    N("compute.memory", "GB", 1e-3, 1e5, 0.1, 0.5, 4, "Memory one piece of work needs"),
    N("compute.per_s", "1/s", 0, 1e8, 0.5, 22, 500, "Pieces of work started", load=True),
    N("compute.cold_start", "s", 0, 1e4, 0.1, 1, 5, "Extra time when no warm copy is there"),
    N("compute.start_budget", "s", 0, 1e5, 0.1, 2, 30, "Extra time at the start that users accept now and then", looser="higher"),
    W("compute.state", "none", "What must stay in memory between requests", """
        none 7 nothing
        connections 1 open connections, warm models or buffers
        continuous 0.5 work that never ends, as a stream"""),
    W("compute.control", "none", "Control over kernel, hardware or license", """
        none 9.5 none
        needed 0.3 drivers, accelerators, kernel settings, per-core licenses"""),
    W("compute.packaging", "container", "How the program comes", """
        source 3 source in a common language
        container 5 an image
        machine 0.2 an installer or appliance that needs its own machine"""),
    N("compute.services", "count", 1, 1e5, 1, 3, 15, "Separately deployed services", whole=True),
    W("compute.scaling", "alike", "Parts that need to grow apart", """
        alike 8 all parts grow alike
        differ 1 some part needs ten times the machines, or other ones"""),
    W("history.audit", "none", "Who did what when", """
        none 6 not needed
        log 3 a list of changes that people read
        complete 0.3 every change is legal evidence"""),
    W("history.as_of", "none", "Questions about the past", """
        none 8 the present is enough
        some 1.5 now and then, from a report
        constant 0.3 the state as of any time is a daily question"""),
    W("history.rebuild", "none", "Making new views out of old events", """
        none 9 no
        needed 0.5 views are added or corrected from the full past"""),
    W("history.erasure", "required", "Duty to erase a person's data", """
        none 3 no such data
        required 6 on request"""),
    W("history.domain", "simple", "What the rules of the subject are like", """
        simple 7 create, read, update, delete
        processes 2 states and transitions with rules
        ledger 0.3 entries that are never changed, only added to"""),
    N("analytics.rows", "count", 0, 1e15, 1e3, 1e5, 1e7, "Rows that one typical question reads", load=True),
    N("analytics.per_day", "1/day", 0, 1e9, 1, 50, 2000, "Such questions"),
    N("analytics.freshness", "s", 0.1, 1e7, 60, 3600, 86400, "How old the answer's data may be", looser="higher"),
    N("analytics.answer", "s", 1e-3, 1e6, 1, 30, 3600, "How long such a question may take", looser="higher"),
    N("analytics.events_per_day", "1/day", 0, 1e14, 1e3, 1e5, 1e7, "Records that come in to be analyzed", load=True),
    W("analytics.recompute", "none", "Computing the past again after a mistake", """
        none 7 no
        needed 1.5 whole months must be computed again"""),
    W("analytics.sources", "one", "Stores that a question combines", """
        one 8 one
        many 1.5 several databases, shards or partners"""),
    W("analytics.updates", "few", "Changes of rows already loaded", """
        few 7 rows are appended
        frequent 1.5 rows change and the analysis must follow"""),
    W("analytics.tools", "sql", "What reads it", """
        sql 8 SQL and dashboards
        mixed 1 SQL, files and machine learning on the same data"""),
    W("analytics.shape", "wide_scans", "What questions look like", """
        wide_scans 5 a few columns of very many rows
        few_rows 3 whole records, few at a time
        rollups 2 counts and sums over time, known beforehand"""),
    N("machine.writes_per_s", "1/s", 1, 1e8, 2000, 10000, 50000, "Writes that the largest machine to be had sustains"),
    N("machine.reads_per_s", "1/s", 1, 1e9, 5000, 40000, 200000, "Reads that the largest machine to be had sustains"),
    N("machine.disk", "TB", 1e-3, 1e6, 2, 16, 64, "Data that the largest machine to be had keeps well"),
    N("machine.utilization", "share", 0, 1, 0.1, 0.3, 0.7, "Share of the busiest resource of the store's machine in use at the peak", "linear", load=True),
    N("machine.messages_per_s", "1/s", 1, 1e9, 2000, 10000, 50000, "Messages that one queue or broker node in use sustains"),
    N("machine.scan_rows_per_s", "1/s", 1, 1e12, 1e5, 1e6, 1e7, "Rows that the operational store scans in a second"),
    W("present.store", "none", "The store in use", """
        none 4 nothing yet
        relational 5 one relational database
        relational_largest 1 a relational database on the largest machine to be had
        wide_column 0.5 a wide-column store
        key_value 1 a key-value store
        document 1 a document store"""),
    W("present.split", "one_database", "What has been moved out of the main database", """
        one_database 7 nothing
        by_function 2 groups of tables live in databases of their own
        smallest_units 1 what is left is one table or group that cannot be split by function"""),
    W("present.engine_limits", "none", "Trouble of the engine itself at the present size", """
        none 9 none
        maintenance 0.7 pauses, vacuum, compaction or repair hurt users"""),
    W("present.queries", "own", "SQL in use that cannot be changed soon", """
        own 6 little, or changeable
        much_sql 3 much SQL, joins and transactions to be kept"""),
    N("present.runway", "days", 0, 36500, 180, 720, 3650, "Time until the present arrangement reaches its limit", looser="higher"),
    W("present.clients_change", "possible", "Changing the clients", """
        possible 6 possible
        costly 3 small changes only"""),
    N("team.engineers", "count", 1, 1e6, 2, 8, 40, "People who build it", whole=True),
    N("team.operators", "count", 0, 1e5, 0, 1, 5, "People who can run and repair stores, brokers or clusters", "linear", whole=True),
    N("team.teams", "count", 1, 1e5, 1, 1, 2, "Teams that must be able to release on their own", whole=True),
    W("team.releases", "together", "How releases go", """
        together 8 one release for all
        apart 2 teams wait for each other and must not"""),
    W("team.runs", "nothing", "What the team already runs well", """
        nothing 9 none of these
        queue 1 a work queue
        log 0.5 a partitioned log
        cache 1 a shared cache
        containers 1.5 a container platform
        functions 1 functions
        graphql 0.3 a graph server
        workflow 0.3 a workflow engine"""),
    W("team.experience", "plain", "Experience with the harder pattern in question", """
        none 3 none
        plain 5 some people have read of it
        strong 1 it has been run in production"""),
    N("goals.cost_per_month", "USD/month", 0, 1e12, 500, 5000, 1e5, "What it may cost to run", looser="higher"),
    W("goals.cost", "matters", "Weight of running cost", """
        minor 3 other things come first
        matters 5 to be kept sensible
        decides 2 the largest concern"""),
    N("goals.time", "days", 1, 36500, 30, 90, 365, "Time until it must serve", looser="higher"),
    W("goals.effort", "managed", "What the team wants to run itself", """
        managed 6 as little as possible
        own 2 its own installation, for control or cost"""),
    W("storage.kind", "objects", "How programs use it", """
        objects 7 whole objects put and fetched by name
        files 1.5 one file tree that many machines change in place
        disk 1.5 a disk of one machine, as under a database
        small_values 0.7 values of some kilobytes beside their rows"""),
    W("storage.access", "often", "How often an object is wanted once it is a month old", """
        often 6 every month or more
        rare 2 a few times a year
        changing 1.5 nobody knows, or it changes
        hardly 0.5 less than once a year, kept by duty"""),
    W("storage.retrieval", "at_once", "How long fetching an old object may take", """
        at_once 9 milliseconds
        hours 1 minutes to hours""", "looser"),
    N("storage.object_bytes", "B", 0, 1e15, 1e4, 1e6, 1e8, "Mean size of an object"),
    N("storage.kept", "days", 0, 1e5, 30, 365, 3650, "How long an object is kept"),
    W("network.protocol", "http", "What clients speak", """
        http 9 HTTP, also gRPC and WebSocket
        tcp 0.8 another protocol over TCP
        udp 0.2 UDP"""),
    W("network.client_address", "header", "Whether servers must see the client's own address in the packets", """
        header 9 a header that names it will do
        packets 0.3 in the packets themselves"""),
    W("network.routing", "by_path", "Choosing servers by what a request says", """
        none 3 every server can answer everything
        by_path 5 by host, path or header"""),
    W("network.servers", "alike", "Servers and the work each request makes", """
        alike 8 equal servers, requests of about equal cost
        uneven 2 servers or requests differ much in speed or cost"""),
    N("network.balancers", "count", 1, 1e6, 1, 2, 20, "Machines or clients that each pick servers on their own", whole=True),
    N("network.load_age", "s", 0, 1e5, 0.01, 1, 30, "How old the news is that a picker has of the servers' load"),
    N("network.bandwidth", "Gbit/s", 0, 1e7, 1e-4, 0.0024, 0.5, "Traffic at the peak", load=True),
    W("identity.actor", "user", "For whom a program asks", """
        user 7 for a person who is present and can consent
        itself 3 for itself, with no person there"""),
    W("identity.secret", "none", "Whether the program can keep a secret", """
        none 4 a browser or phone program, whose code anyone can read
        kept 4 a server"""),
    W("identity.screen", "here", "Where the person can sign in", """
        here 9.5 in a browser on the same device
        elsewhere 0.3 only on another device, as with a television"""),
    W("cache.survives", "rebuilt", "What a restarted cache must still hold", """
        rebuilt 8 nothing: it fills again from the source
        kept 1 its content, from a replica or from disk"""),
    W("traffic.forecast", "fair", "How well next week's load is known", """
        fair 7 within a factor of two
        poor 2 not at all: new, or moved by news"""),
    W("edge.content", "mixed", "What users fetch", """
        cacheable 3 pages, images, video, the same for everyone
        mixed 5 some of each
        personal 2 nearly all differs by user"""),
    W("edge.purge", "by_time", "How soon a changed page must be gone everywhere", """
        by_time 6 when its lifetime ends
        at_once 3 within seconds of the change"""),
    W("edge.logic", "none", "What must be computed near the user", """
        none 8 nothing
        headers 1 redirects, headers, signed addresses, tests of variants
        full 0.2 whole answers, with calls or state"""),
)  # fmt: skip

FIELDS: dict[str, Field] = {field.name: field for field in _FIELDS}
