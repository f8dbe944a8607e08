"""Runs as GitHub's API lists them: `GET /repos/<owner>/<name>/actions/runs`, saved. Its webhooks tell the same runs."""

from ingestion.adapters.webhooks.github import translate_run as translate

__all__ = ["translate"]
