"""Orders, payment attempts and the provider that takes the money.

Knows one payment at a time; what a payment means for a subscription is `app.domain.billing`.
"""
