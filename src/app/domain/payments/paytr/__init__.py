"""The PayTR adapter: bytes and values in, bytes and values out; no database, no rule of the product.

`signing`, `messages`, `amounts` and `credentials` are the wire, shared with the sandbox. `client` speaks
it over `transport`, `fake` implements the same port in memory, `diagnosis` tells whether the connection is
set up right, `reasons` words PayTR's decline codes.
"""
