"""A local AWS: moto's control plane, the real Lambda runtime client, an HTTPS gateway."""
