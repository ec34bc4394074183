"""How a waiting instruction takes what the frame inside gives, C code left out.

``inside`` is what is known of the frame inside, ``adapters`` are frames that stand in
for the C code. The rules are sorted by what runs the frame: ``calls``,
``builtin_calls``, ``specials`` (one special method), ``operators``, ``attributes``,
``items``, ``iterators`` with ``stepping``. ``instructions`` is the way in, by the
pending instruction; ``waiting_...`` tell how each takes its result.
"""
