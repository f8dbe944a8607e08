"""The twelve generated workflows: agents, automations, schedules and loads."""

from ingestion.demo.shapes import CRM, PAYMENTS, RATE_LIMIT, WAREHOUSE, Node, Shape

SUPPORT = Shape(
    "Answer support mail",
    "langgraph",
    "webhook",
    (
        Node("Read the mail", "input", 40),
        Node("Agent", "agent", 0),
        Node("Plan", "llm", 900, 0.004, RATE_LIMIT, 0.4, 3, "Agent", model="gpt-4o", tokens=(1400, 180)),
        Node("Look up the order", "tool", 260, 0.006, inside="Agent", tool="find_order", system=CRM),
        Node("Check the payment", "tool", 340, 0.004, inside="Agent", tool="find_payment", system=PAYMENTS),
        Node("Write the answer", "llm", 2400, 0.004, RATE_LIMIT, 0.45, 3, "Agent", "gpt-4o", tokens=(2600, 420)),
        Node("Send", "http", 180, 0.002, ("HTTPError", "502 Bad Gateway"), system="mail.example"),
    ),
    weight=28,
    releases=((40, "5.1"), (19, "5.2"), (11, "5.3")),
    input_types=("complaint", "question", "return", "praise"),
    objective=0.98,
)
INVOICES = Shape(
    "Invoice intake",
    "dify",
    "api",
    (
        Node("Fetch the document", "http", 220, 0.003, system="storage.internal"),
        Node("Read the text", "tool", 1500, 0.004, ("OCRError", "page 1 cannot be read"), tool="ocr"),
        Node("Extract fields", "llm", 1900, 0.003, tries=2, model="claude-sonnet-4", tokens=(3200, 350)),
        Node("Check the sums", "code", 12, 0.012, ("ValueError", "sum of lines 118.40 differs from total 119.40")),
        Node("Book", "http", 300, 0.003, system="erp.internal"),
    ),
    weight=18,
    releases=((40, "2.3.0"), (6, "2.4.0"), (3.6, "2.4.1")),
    input_types=("pdf", "scan", "e-invoice"),
    objective=0.97,
)
LEADS = Shape(
    "Lead enrichment",
    "n8n",
    "webhook",
    (
        Node("Webhook", "trigger", 8),
        Node(
            "Find the company", "http", 420, 0.008, ("TimeoutError", "no answer in 10 s"), 0.5, 2, system="data.example"
        ),
        Node("Score", "llm", 700, 0.003, RATE_LIMIT, tries=2, model="gpt-4o-mini", tokens=(900, 60)),
        Node("Save", "http", 190, 0.004, system=CRM),
    ),
    weight=20,
    releases=((40, "17"), (14, "18")),
    input_types=("form", "event", "partner"),
)
FRAUD = Shape(
    "Fraud screening",
    "python",
    "api",
    (
        Node("Load features", "db", 35, 0.001, system="features.internal"),
        Node(
            "Ask the payment provider", "http", 160, 0.003, ("HTTPError", "500 Server Error"), tries=2, system=PAYMENTS
        ),
        Node("Model", "llm", 480, 0.001, model="llama-3.3-70b", tokens=(600, 20)),
        Node("Decide", "code", 4),
    ),
    weight=26,
    releases=((40, "2026.10"), (9, "2026.11")),
    input_types=("card", "transfer", "wallet"),
    objective=0.995,
)
CONTRACTS = Shape(
    "Contract review",
    "langgraph",
    "manual",
    (
        Node("Split", "code", 90),
        Node("Reviewer", "agent", 0),
        Node(
            "Retrieve clauses",
            "retriever",
            350,
            0.004,
            inside="Reviewer",
            tool="vector_search",
            system="vectors.internal",
        ),
        Node("Compare", "llm", 6200, 0.012, RATE_LIMIT, 0.5, 3, "Reviewer", "claude-sonnet-4", tokens=(14000, 1100)),
        Node("Summarise", "llm", 3100, 0.006, RATE_LIMIT, 0.4, 3, "Reviewer", "claude-sonnet-4", tokens=(5200, 700)),
        Node("Approval", "human", 900),
    ),
    weight=4,
    input_types=("supply", "lease", "employment"),
    objective=0.95,
)
DESCRIPTIONS = Shape(
    "Product descriptions",
    "dify",
    "manual",
    (
        Node("Load the product", "db", 60, system=WAREHOUSE),
        Node("Write", "llm", 1600, 0.004, RATE_LIMIT, tries=2, model="mistral-large", tokens=(1100, 480)),
        Node("Check the words", "code", 15, 0.02, ("PolicyError", "text holds a forbidden claim")),
    ),
    weight=9,
    releases=((40, "3"), (22, "4")),
    input_types=("shoes", "coats", "bags"),
    objective=0.95,
)
MEETINGS = Shape(
    "Meeting notes",
    "dify",
    "webhook",
    (
        Node("Fetch the recording", "http", 1300, 0.006, ("HTTPError", "404 Not Found"), system="meet.example"),
        Node("Transcribe", "llm", 21000, 0.004, tries=2, model="gpt-4o-mini", tokens=(9000, 5200)),
        Node("Summarise", "llm", 2800, 0.003, RATE_LIMIT, tries=2, model="gpt-4o", tokens=(5600, 520)),
        Node("Post", "http", 210, 0.003, system="chat.example"),
    ),
    weight=6,
    input_types=("internal", "customer"),
)
BUILD = Shape(
    "Website build",
    "github-actions",
    "push",
    (
        Node("Checkout", "step", 2400, 0.001),
        Node("Install", "step", 26000, 0.008, ("NetworkError", "registry.example: connection reset"), 0.3),
        Node("Test", "step", 74000, 0.07, ("AssertionError", "3 of 412 tests failed"), 0.2),
        Node("Deploy", "step", 31000, 0.01, ("DeployError", "health check did not pass in 60 s"), system="cdn.example"),
    ),
    weight=3,
    input_types=("main", "pull request"),
    objective=0.9,
    memory_mb=2200,
)
ORDERS = Shape(
    "Sync orders",
    "n8n",
    "schedule",
    (
        Node("List orders", "http", 600, 0.004, system="shop.example"),
        Node("Map", "code", 20, 0.002, ("KeyError", "'vat_id'")),
        Node(
            "Write to the warehouse",
            "db",
            340,
            0.003,
            ("OperationalError", "deadlock detected"),
            tries=2,
            system=WAREHOUSE,
        ),
    ),
    every_minutes=15,
    releases=((40, "41"), (16, "42"), (8, "43")),
)
LOAD = Shape(
    "Nightly warehouse load",
    "airflow",
    "schedule",
    (
        Node(
            "Extract",
            "task",
            240_000,
            0.01,
            ("OperationalError", "server closed the connection"),
            tries=2,
            system=WAREHOUSE,
        ),
        Node("Transform", "task", 620_000, 0.01, ("MemoryError", "cannot allocate 4294967296 bytes")),
        Node("Test the data", "task", 45_000, 0.05, ("DataTestFailure", "orders.total is null in 12 rows")),
        Node("Publish", "task", 15_000, system=WAREHOUSE),
    ),
    every_minutes=1440,
    objective=0.95,
    memory_mb=5200,
)
SALES = Shape(
    "Daily sales report",
    "python",
    "schedule",
    (
        Node("Query", "db", 9000, 0.01, system=WAREHOUSE),
        Node("Comment", "llm", 2200, 0.005, RATE_LIMIT, tries=3, model="gpt-4o", tokens=(3800, 300)),
        Node("Send", "http", 260, 0.005, system="mail.example"),
    ),
    every_minutes=1440,
)
BACKUPS = Shape(
    "Backup check",
    "cron",
    "schedule",
    (
        Node("List backups", "shell", 800, 0.002, system="storage.internal"),
        Node("Restore one", "shell", 52_000, 0.008, ("ChecksumError", "block 8812 differs"), 0.2),
    ),
    every_minutes=60,
    memory_mb=700,
)
SHAPES = (
    SUPPORT,
    INVOICES,
    LEADS,
    FRAUD,
    CONTRACTS,
    DESCRIPTIONS,
    MEETINGS,
    BUILD,
    ORDERS,
    LOAD,
    SALES,
    BACKUPS,
)
