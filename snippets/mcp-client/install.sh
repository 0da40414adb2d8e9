npm install @modelcontextprotocol/sdk
