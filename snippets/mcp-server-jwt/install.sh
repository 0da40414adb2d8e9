npm install @modelcontextprotocol/sdk express jose
