"""What the beat starts and how often. `expires`: a hint that nobody took by then is worth nothing."""

from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "fold-rollups": {"task": "monitoring.tasks.fold_rollups", "schedule": 1.0, "options": {"expires": 5}},
    "check-criteria": {"task": "monitoring.tasks.check_criteria", "schedule": 2.0, "options": {"expires": 5}},
    "diagnose-due": {"task": "monitoring.tasks.diagnose_due", "schedule": 2.0, "options": {"expires": 5}},
    "fold-ledger": {"task": "ingestion.tasks.fold_ledger", "schedule": 2.0, "options": {"expires": 5}},
    "remove-what-sources-kept": {"task": "ingestion.tasks.remove_expired", "schedule": 3600.0},
    "send-outbox": {"task": "ingestion.tasks.send_outbox", "schedule": 2.0, "options": {"expires": 5}},
    "tidy-outbox": {"task": "ingestion.tasks.tidy_outbox", "schedule": 60.0, "options": {"expires": 50}},
    "push-metrics": {"task": "ingestion.tasks.push_metrics", "schedule": 10.0, "options": {"expires": 10}},
    "build-baselines": {"task": "monitoring.tasks.build_baselines", "schedule": 60.0, "options": {"expires": 50}},
    "follow-triage": {"task": "monitoring.tasks.follow_triage", "schedule": 10.0, "options": {"expires": 9}},
    "build-findings": {"task": "monitoring.tasks.build_findings", "schedule": 60.0, "options": {"expires": 50}},
    "measure-improvements": {
        "task": "monitoring.tasks.measure_improvements",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "send-to-trackers": {"task": "monitoring.tasks.send_to_trackers", "schedule": 2.0, "options": {"expires": 5}},
    "remove-old-deliveries": {"task": "monitoring.tasks.remove_old_deliveries", "schedule": 3600.0},
    "send-reviews": {"task": "monitoring.tasks.send_reviews", "schedule": 30.0, "options": {"expires": 25}},
    "follow-incidents": {"task": "alerts.tasks.follow_incidents", "schedule": 5.0, "options": {"expires": 5}},
    "make-default-rules": {"task": "alerts.tasks.make_default_rules", "schedule": 10.0, "options": {"expires": 9}},
    "evaluate-rules": {"task": "alerts.tasks.evaluate_rules", "schedule": 2.0, "options": {"expires": 5}},
    "send-notices": {"task": "alerts.tasks.send_notices", "schedule": 1.0, "options": {"expires": 3}},
    "remove-old-notices": {"task": "alerts.tasks.remove_old_notices", "schedule": 3600.0},
    "rate-first": {"task": "billing.tasks.rate_first", "schedule": 5.0, "options": {"expires": 5}},
    "fold-costs": {"task": "billing.tasks.fold_costs", "schedule": 5.0, "options": {"expires": 5}},
    "allocate-costs": {"task": "billing.tasks.allocate_costs", "schedule": 300.0, "options": {"expires": 290}},
    "drop-old-costs": {"task": "billing.tasks.drop_old_costs", "schedule": 86400.0},
    "run-exports": {"task": "billing.tasks.run_exports", "schedule": 2.0, "options": {"expires": 2}},
    "remove-old-exports": {"task": "billing.tasks.remove_old_exports", "schedule": 3600.0},
    "send-cost-mails": {"task": "billing.tasks.send_cost_mails", "schedule": 30.0, "options": {"expires": 25}},
    "make-partitions": {"task": "monitoring.tasks.make_partitions", "schedule": 3600.0},
    "drop-partitions": {"task": "monitoring.tasks.drop_expired", "schedule": 3600.0},
}
