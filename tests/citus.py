"""A Citus cluster that is given to the tests, instead of the embedded server.

`CITUS_URLS` has the URL of its coordinator, then those of its workers, with commas between, and
without roles: `postgresql://127.0.0.1:9700/reslot,postgresql://127.0.0.1:9701/reslot`. Its database
is migrated and distributed. The roles are those of the embedded server; both can connect without a
password in the URL (`trust`, or PGPASSFILE). See docs/how-to/scale-out.md.

`CITUS_SUPERUSER` is the name of a superuser, who can connect as the roles can. With it, the tests
run too that need an empty database (the marker `alone`, and tests/database), and delete all rows of
it before each. Without it they are skipped. Run them without others and in one process. With few
shards (`ALTER DATABASE ... SET citus.shard_count = 4` before distributing) deleting takes less
than a second.

`CITUS_ENTRANCE` is the number of the node to which the service connects; absent: 0, the
coordinator.
"""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.database.embedded import DATABASE, SERVICE

VARIABLE = "CITUS_URLS"
ENTRANCE = "CITUS_ENTRANCE"
SUPERUSER = "CITUS_SUPERUSER"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The nodes of the cluster, the coordinator first."""

    nodes: tuple[str, ...]
    entrance: int = 0
    superuser: str | None = None

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the URL with which `role` connects. There is one database."""
        del database
        return self.node_url(self.entrance if role == SERVICE else 0, role)

    def node_url(self, node: int, role: str) -> str:
        """Return the URL with which `role` connects to a node; 0 is the coordinator."""
        return with_role(self.nodes[node], role)

    @property
    def database(self) -> str:
        """The name of its database."""
        return urlsplit(self.nodes[0]).path.removeprefix("/")


def with_role(url: str, role: str) -> str:
    """Put a role into a URL that has none."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}").geturl()


def given_cluster() -> Cluster | None:
    """Return the cluster of the environment; None if none is given."""
    given = os.environ.get(VARIABLE, "")
    nodes = tuple(url.strip() for url in given.split(",") if url.strip())
    if not nodes:
        return None
    return Cluster(nodes, int(os.environ.get(ENTRANCE, "0")), os.environ.get(SUPERUSER))
