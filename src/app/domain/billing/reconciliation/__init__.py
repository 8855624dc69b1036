"""Each day compared with PayTR's reports, to the kuruş."""
