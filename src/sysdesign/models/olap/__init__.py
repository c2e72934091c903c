"""Questions over many records: what they read and move, what they do to transactions, and how old their answers are."""

from sysdesign.models.olap import htap as paths
from sysdesign.models.olap import scans, schemas
from sysdesign.models.olap.htap import htap
from sysdesign.models.olap.scans import join, scan
from sysdesign.models.olap.schemas import schema

__all__ = ["htap", "join", "scan", "schema"]

MODELS = (*scans.MODELS, *paths.MODELS, *schemas.MODELS)
