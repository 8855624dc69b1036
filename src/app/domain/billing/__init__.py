"""Where the modules meet: checkout, settlement, the billing pages."""
