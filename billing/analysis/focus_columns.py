"""The columns of FOCUS 1.2 that our files have, and what each must be.

Source: the FinOps Open Cost and Usage Specification 1.2, column library and attributes (the tag `v1.2` of the
repository FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec): feature level, data type, NULL, allowed values.
"""

from dataclasses import dataclass
from enum import StrEnum

VERSION = "1.2"


class Level(StrEnum):
    """How much a column is asked for."""

    MANDATORY = "mandatory"
    CONDITIONAL = "conditional"
    RECOMMENDED = "recommended"


class Data(StrEnum):
    """What a column holds."""

    STRING = "string"
    DECIMAL = "decimal"
    MOMENT = "date/time"
    CURRENCY = "currency"
    PAIRS = "key-value"


@dataclass(frozen=True, slots=True)
class FocusColumn:
    """A column as the specification has it. `allowed` empty: any value."""

    name: str
    data: Data
    level: Level
    is_nullable: bool
    allowed: frozenset[str] = frozenset()


CATEGORIES = frozenset({"Usage", "Purchase", "Tax", "Credit", "Adjustment"})
FREQUENCIES = frozenset({"One-Time", "Recurring", "Usage-Based"})
PRICING = frozenset({"Standard", "Dynamic", "Committed", "Other"})
CORRECTION = "Correction"
SUBCATEGORIES: dict[str, tuple[str, ...]] = {
    "AI and Machine Learning": (
        *("AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing"),
    ),
    "Analytics": ("Analytics Platforms", "Business Intelligence", "Data Processing", "Search", "Streaming Analytics"),
    "Business Applications": ("Productivity and Collaboration",),
    "Compute": ("Containers", "End User Computing", "Quantum Compute", "Serverless Compute", "Virtual Machines"),
    "Databases": (
        *("Caching", "Data Warehouses", "Ledger Databases", "NoSQL Databases", "Relational Databases"),
        "Time Series Databases",
    ),
    "Developer Tools": (
        *("Developer Platforms", "Continuous Integration and Deployment", "Development Environments"),
        *("Source Code Management", "Quality Assurance"),
    ),
    "Identity": ("Identity and Access Management",),
    "Integration": ("API Management", "Messaging", "Workflow Orchestration"),
    "Internet of Things": ("IoT Analytics", "IoT Platforms"),
    "Management and Governance": (
        *("Architecture", "Compliance", "Cost Management", "Data Governance", "Disaster Recovery"),
        *("Endpoint Management", "Observability", "Support"),
    ),
    "Media": ("Content Creation", "Gaming", "Media Streaming", "Mixed Reality"),
    "Migration": ("Data Migration", "Resource Migration"),
    "Mobile": (),
    "Multicloud": ("Multicloud Integration",),
    "Networking": (
        *("Application Networking", "Content Delivery", "Network Connectivity", "Network Infrastructure"),
        *("Network Routing", "Network Security"),
    ),
    "Security": ("Secret Management", "Security Posture Management", "Threat Detection and Response"),
    "Storage": ("Backup Storage", "Block Storage", "File Storage", "Object Storage", "Storage Platforms"),
    "Web": ("Application Platforms",),
    "Other": (),
}
# Each category has one more, for what is in none of its others.
PARENT = {
    subcategory: category for category, own in SUBCATEGORIES.items() for subcategory in (*own, f"Other ({category})")
}


def _columns(data: Data, level: Level, *names: str, null: bool) -> list[FocusColumn]:
    return [FocusColumn(name, data, level, null) for name in names]


_MANDATORY, _CONDITIONAL, _RECOMMENDED = Level.MANDATORY, Level.CONDITIONAL, Level.RECOMMENDED
COLUMNS: dict[str, FocusColumn] = {
    column.name: column
    for column in (
        *_columns(Data.DECIMAL, _MANDATORY, "BilledCost", "ContractedCost", "EffectiveCost", "ListCost", null=False),
        *_columns(Data.STRING, _MANDATORY, "BillingAccountId", null=False),
        *_columns(Data.STRING, _MANDATORY, "BillingAccountName", "ChargeDescription", "PricingUnit", null=True),
        *_columns(Data.CURRENCY, _MANDATORY, "BillingCurrency", null=False),
        *_columns(Data.MOMENT, _MANDATORY, "BillingPeriodStart", "BillingPeriodEnd", null=False),
        *_columns(Data.MOMENT, _MANDATORY, "ChargePeriodStart", "ChargePeriodEnd", null=False),
        FocusColumn("ChargeCategory", Data.STRING, _MANDATORY, False, CATEGORIES),
        FocusColumn("ChargeClass", Data.STRING, _MANDATORY, True, frozenset({CORRECTION})),
        *_columns(Data.STRING, _MANDATORY, "InvoiceIssuerName", "ProviderName", "PublisherName", null=False),
        *_columns(Data.DECIMAL, _MANDATORY, "PricingQuantity", null=True),
        FocusColumn("ServiceCategory", Data.STRING, _MANDATORY, False, frozenset(SUBCATEGORIES)),
        *_columns(Data.STRING, _MANDATORY, "ServiceName", null=False),
        FocusColumn("ChargeFrequency", Data.STRING, _RECOMMENDED, False, FREQUENCIES),
        FocusColumn("ServiceSubcategory", Data.STRING, _RECOMMENDED, False, frozenset(PARENT)),
        *_columns(Data.STRING, _CONDITIONAL, "BillingAccountType", null=False),
        *_columns(Data.DECIMAL, _CONDITIONAL, "ConsumedQuantity", null=True),
        *_columns(Data.STRING, _CONDITIONAL, "ConsumedUnit", "RegionId", "RegionName", null=True),
        *_columns(Data.DECIMAL, _CONDITIONAL, "ContractedUnitPrice", "ListUnitPrice", null=True),
        FocusColumn("PricingCategory", Data.STRING, _CONDITIONAL, True, PRICING),
        *_columns(Data.CURRENCY, _CONDITIONAL, "PricingCurrency", null=True),
        *_columns(Data.DECIMAL, _CONDITIONAL, "PricingCurrencyContractedUnitPrice", null=True),
        *_columns(Data.DECIMAL, _CONDITIONAL, "PricingCurrencyEffectiveCost", null=True),
        *_columns(Data.DECIMAL, _CONDITIONAL, "PricingCurrencyListUnitPrice", null=True),
        *_columns(Data.STRING, _CONDITIONAL, "SkuId", "SkuMeter", "SkuPriceId", null=True),
        *_columns(Data.STRING, _CONDITIONAL, "SubAccountId", "SubAccountName", "SubAccountType", null=True),
        *_columns(Data.PAIRS, _CONDITIONAL, "Tags", null=True),
    )
}
MANDATORY = tuple(name for name, column in COLUMNS.items() if column.level is _MANDATORY)
