claude mcp add --transport http tools __RESOURCE__
