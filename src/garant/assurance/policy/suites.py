"""Which TLS versions and suites are strong, and what the browsers of 2013 to 2015 could offer.

- Strong: TLS 1.3, and TLS 1.2 with ephemeral elliptic curves and authenticated encryption (Mozilla's *intermediate*, INT-50).
- The profile `legacy` adds four CBC suites with SHA-2, the only ones that Safari 7 and 8 share with us (EHQ-76); they are not strong.
- Everything else is weak in every profile: SHA-1, plain RSA key exchange, 3DES, RC4, null, export, anonymous.

What each browser offers was recalled from public records of its handshake, not captured here.
"""

TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = 0x0301, 0x0302, 0x0303, 0x0304
VERSIONS = {0x0300: "SSL 3.0", TLS_1_0: "TLS 1.0", TLS_1_1: "TLS 1.1", TLS_1_2: "TLS 1.2", TLS_1_3: "TLS 1.3"}

NAMES = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC030: "ECDHE-RSA-AES256-GCM-SHA384",
    0xCCA8: "ECDHE-RSA-CHACHA20-POLY1305",
    0xCCA9: "ECDHE-ECDSA-CHACHA20-POLY1305",
    0xC023: "ECDHE-ECDSA-AES128-SHA256",
    0xC024: "ECDHE-ECDSA-AES256-SHA384",
    0xC027: "ECDHE-RSA-AES128-SHA256",
    0xC028: "ECDHE-RSA-AES256-SHA384",
    0xC009: "ECDHE-ECDSA-AES128-SHA",
    0xC00A: "ECDHE-ECDSA-AES256-SHA",
    0xC013: "ECDHE-RSA-AES128-SHA",
    0xC014: "ECDHE-RSA-AES256-SHA",
    0x009C: "AES128-GCM-SHA256",
    0x009D: "AES256-GCM-SHA384",
    0x009E: "DHE-RSA-AES128-GCM-SHA256",
    0x009F: "DHE-RSA-AES256-GCM-SHA384",
    0x002F: "AES128-SHA",
    0x0035: "AES256-SHA",
    0x003C: "AES128-SHA256",
    0x003D: "AES256-SHA256",
    0x0033: "DHE-RSA-AES128-SHA",
    0x0039: "DHE-RSA-AES256-SHA",
    0x000A: "DES-CBC3-SHA",
    0x0005: "RC4-SHA",
    0x0004: "RC4-MD5",
}
STRONG = frozenset({0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9})
OLD_SAFARI = frozenset({0xC023, 0xC024, 0xC027, 0xC028})

PROFILE_VERSIONS = {
    "modern": frozenset({TLS_1_3}),
    "intermediate": frozenset({TLS_1_2, TLS_1_3}),
    "legacy": frozenset({TLS_1_2, TLS_1_3}),
}

OFFERS = {
    "edge": (
        0xC02C,
        0xC02B,
        0xC030,
        0xC02F,
        0xC024,
        0xC023,
        0xC028,
        0xC027,
        0xC00A,
        0xC009,
        0xC014,
        0xC013,
        0x009D,
        0x009C,
        0x0035,
        0x002F,
    ),
    "chrome": (0xC02B, 0xC02F, 0x009E, 0xC00A, 0xC014, 0xC009, 0xC013, 0x0039, 0x0033, 0x009C, 0x0035, 0x002F, 0x000A),
    "firefox": (0xC02B, 0xC02F, 0xC00A, 0xC009, 0xC013, 0xC014, 0x0033, 0x0032, 0x0039, 0x002F, 0x0035, 0x000A),
    "safari": (0xC024, 0xC023, 0xC00A, 0xC009, 0xC028, 0xC027, 0xC014, 0xC013, 0x003D, 0x003C, 0x0035, 0x002F, 0x000A),
}
"""TLS 1.2 suites in the order of Edge 12, Chrome 40, Firefox 35 and Safari 7, without RC4."""


def name(suite: int) -> str:
    """OpenSSL's name of a suite, or its number."""
    return NAMES.get(suite, f"0x{suite:04X}")


def equivalent_rsa_bits(key: str, bits: int) -> int:
    """The RSA size of the same strength (NIST SP 800-57, part 1): a 256-bit curve stands for 3072 bits."""
    if key == "RSA":
        return bits
    return 3072 if bits >= 250 else 1024
