"""`manage.py load_prices [--dry-run]`: fills the price book from the package `genai-prices`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing.services.loading import load_prices

# Names that are written out of each list; the rest is counted.
SHOWN = 20


class Command(BaseCommand):
    """Loads the prices of the package that is installed, and says what is new, changed and gone."""

    help = "Fills the price book from the package genai-prices. Uses no network."

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Loads and reports."""
        loaded = load_prices(timezone.now(), is_dry=options["dry_run"])
        verb = "Would have" if options["dry_run"] else "Has"
        write = self.stdout.write
        write(f"{verb} {loaded.model_count:,} models and {loaded.price_count:,} prices of {loaded.source}.")
        write(f"Prices added: {loaded.added_prices:,}, removed: {loaded.removed_prices:,}.")
        lists = (
            ("New models", loaded.added_models),
            ("Models with other prices", loaded.changed_models),
            ("Models that are gone", loaded.removed_models),
        )
        for title, names in lists:
            shown = [f"{provider}/{model}" for provider, model in names[:SHOWN]] + ["..."] * (len(names) > SHOWN)
            write(f"{title}: {len(names):,}" + (f" ({', '.join(shown)})" if names else ""))
        write("Not held: " + ", ".join(f"{reason} ({count})" for reason, count in sorted(loaded.left_out.items())))
