"""Tezgâh: cloud development workspaces by subscription, paid through PayTR."""
