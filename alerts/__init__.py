"""Alert rules, incidents, channels and deliveries. Reads figures on a beat; ingestion never calls it."""
