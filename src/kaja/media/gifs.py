"""An animated GIF without its comments and embedded metadata; pictures and timing stay byte for byte. Pure.

Structure: GIF89a specification, https://www.w3.org/Graphics/GIF/spec-gif89a.txt (read 2026-11-22).
"""

KEPT_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")  # how often it repeats


def _blocks_end(data: bytes, at: int) -> int:
    """Where a chain of sub-blocks that begins at `at` ends (behind its terminator)."""
    while data[at]:
        at += data[at] + 1
    return at + 1


def _table_size(packed: int) -> int:
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def strip_gif(data: bytes) -> bytes:
    """The same animation. Raises ValueError when the file ends too early or is no GIF."""
    try:
        at = 13 + _table_size(data[10])
        out = [data[:at]]
        while data[at] != 0x3B:
            start = at
            if data[at] == 0x2C:  # image
                at = _blocks_end(data, at + 10 + _table_size(data[at + 9]) + 1)
                out.append(data[start:at])
            elif data[at] == 0x21:  # extension
                label, name = data[at + 1], data[at + 3 : at + 14]
                at = _blocks_end(data, at + 2)
                if label == 0xF9 or (label == 0xFF and name in KEPT_APPLICATIONS):
                    out.append(data[start:at])
            else:
                raise ValueError("not a GIF block")
    except IndexError:
        raise ValueError("the GIF ends too early") from None
    return b"".join(out) + b";"
