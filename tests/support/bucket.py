"""A stand-in for an object store: moto's server of the S3 protocol, on the loopback, with one bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

ACCESS, SECRET = "AKIATEST", "secret"


@contextmanager
def bucket(region: str, name: str = "sauvegardes") -> Iterator[tuple[str, str]]:
    """Its endpoint, and the text of the file that holds its keys."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        client: Any = boto3.client("s3", endpoint_url=endpoint, region_name=region, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET)
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        yield endpoint, f"{ACCESS}:{SECRET}"
    finally:
        server.stop()
