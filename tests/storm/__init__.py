"""The storm: many orders, a PayTR that misbehaves by a seed, parts killed at random, two books compared."""
