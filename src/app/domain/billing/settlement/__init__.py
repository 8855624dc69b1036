"""What a message of PayTR changes: payment, subscription, limits and invoice at once."""
