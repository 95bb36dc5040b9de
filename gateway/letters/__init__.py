"""Letters that are signed here and carry a code: minting, signing, keeping, ending.

Enters: a PDF with who signs it. Leaves: the signed PDF, and what anybody may ask of its code. Refuses: see each module.
"""
