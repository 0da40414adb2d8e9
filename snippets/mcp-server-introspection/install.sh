npm install @modelcontextprotocol/sdk express
