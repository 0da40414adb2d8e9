pip install mcp
