"""Bodies that only webhooks have, and what each topic says. Products, orders and customers come as in the REST API.

A body is read into a type that names only the fields that we use; written back, that is the body that is kept: what
no type names, such as a buyer's name or address, is gone before anything is stored. `topics.py` lists them.
"""

from __future__ import annotations
