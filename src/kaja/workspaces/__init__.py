"""Tenants, members, roles, audit log, notices."""
