"""E-mail: what is said, the outbox, the mailer."""
