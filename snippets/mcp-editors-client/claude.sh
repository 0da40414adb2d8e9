claude mcp add --transport http --client-id __CLIENT_ID__ --callback-port 8787 tools __RESOURCE__
