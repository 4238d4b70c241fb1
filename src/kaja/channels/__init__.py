"""Connected accounts: encrypted credentials, health, quotas."""
