pip install mcp 'pyjwt[crypto]'
