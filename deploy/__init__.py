"""Deployment with Zappa: what it calls, the policies, and the demonstration."""
