"""Reports that people read: one HTML file each, which needs no network, and the same content as JSON.

``html``, ``tables``, ``charts`` and ``pages`` know nothing of drift; any other report is made of them, too.
"""
