"""What the router service is made of."""

from dataclasses import dataclass

from pointsman.control.lake.erasure import Erasure
from pointsman.control.lanes import Lanes
from pointsman.control.learning.assessing import BanditWatch
from pointsman.control.router_records import RouterRecords
from pointsman.control.routing.allocation import Allocations
from pointsman.control.routing.bandit_epochs import LearningResets
from pointsman.control.routing.canaries import Canaries
from pointsman.control.routing.deployment import Deployments
from pointsman.control.routing.explaining import Explanations
from pointsman.control.routing.overrides import Overrides
from pointsman.control.routing.replays import Replays
from pointsman.control.routing.revisions import Revisions
from pointsman.control.routing.router_reading import RouterReader
from pointsman.control.routing.routers import RouterRegistry
from pointsman.control.routing.shadows import ShadowComparisons


@dataclass(frozen=True)
class RouterParts:
    """What the router service is made of."""

    routers: RouterRegistry
    reader: RouterReader
    allocations: Allocations
    canaries: Canaries
    resets: LearningResets
    bandits: BanditWatch
    overrides: Overrides
    explanations: Explanations
    deployments: Deployments
    records: RouterRecords
    revisions: Revisions
    replays: Replays
    shadows: ShadowComparisons
    erasure: Erasure
    lanes: Lanes
    endpoint: str
