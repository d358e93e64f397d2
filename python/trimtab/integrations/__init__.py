"""Callbacks for other people's training loops. Each module imports its framework, and nothing here imports the modules:

    from trimtab.integrations.transformers import TrimtabCallback
    from trimtab.integrations.lightning import TrimtabCallback, TrimtabLogger
    from trimtab.integrations.keras import TrimtabCallback
    from trimtab.integrations import torch_distributed

Those for transformers, Lightning and Keras are EXPERIMENTAL: written from the documentation and tested with stand-ins
that keep the documented order of calls, never run with the frameworks themselves."""
from __future__ import annotations
