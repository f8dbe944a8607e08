"""The scopes of rules by the names that the rest of the product has for them: labels, and dimensions of rollups."""

from alerts.analysis.catalogue import Scope
from monitoring.identity import LabelKind
from monitoring.models import Dimension

LABELS = {
    Scope.NODE: LabelKind.NODE,
    Scope.MODEL: LabelKind.MODEL,
    Scope.PROVIDER: LabelKind.PROVIDER,
    Scope.SYSTEM: LabelKind.SYSTEM,
    Scope.TOOL: LabelKind.TOOL,
    Scope.RELEASE: LabelKind.RELEASE,
    Scope.TRIGGER: LabelKind.TRIGGER,
    Scope.ERROR: LabelKind.ERROR,
    Scope.INPUT_TYPE: LabelKind.INPUT_TYPE,
}
DIMENSIONS = {
    Scope.RELEASE: Dimension.RELEASE,
    Scope.TRIGGER: Dimension.TRIGGER,
    Scope.ERROR: Dimension.ERROR,
    Scope.INPUT_TYPE: Dimension.INPUT_TYPE,
    Scope.NODE: Dimension.NODE,
    Scope.PROVIDER: Dimension.PROVIDER,
    Scope.MODEL: Dimension.MODEL,
    Scope.TOOL: Dimension.TOOL,
    Scope.SYSTEM: Dimension.SYSTEM,
}
