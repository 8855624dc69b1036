"""Subscriptions: periods, anchors, what a company may do now."""
