"""Tables and seed data; knows no rule that spans rows."""
