LATCHKEY_CLIENT_SECRET='…' dex serve config.yaml
