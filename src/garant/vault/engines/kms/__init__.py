"""Protectors of the root other than a file of this machine, one module each, which alone imports its library.

| module   | epoch's secret                                      | library (extra)                            |
|----------|-----------------------------------------------------|--------------------------------------------|
| `age`    | a file encrypted to an identity or by a passphrase  | pyrage (`age`)                             |
| `pkcs11` | an AES key that never leaves the device             | python-pkcs11 (`pkcs11`)                   |
| `transit`| a transit key of OpenBao or HashiCorp Vault         | hvac (`transit`)                           |
| `aws`    | a KMS key                                           | boto3 (`aws`)                              |
| `azure`  | an RSA key of a key vault or managed HSM            | azure-keyvault-keys, azure-identity (`azure`) |

They share the protocol `roots.RootProtector` and one suite of tests, and no base class. `choice` makes the one that garant.toml names.
"""
