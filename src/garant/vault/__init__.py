"""Keys per tenant and the envelopes that they seal."""
