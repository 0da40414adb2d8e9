from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

from verifier import ISSUER, RESOURCE, Verifier

server = MCPServer(
    "tools",
    token_verifier=Verifier(),
    auth=AuthSettings(
        issuer_url=ISSUER,
        resource_server_url=RESOURCE,
        validate_token_resource=True,
        # Published as well: clients ask for these.
        required_scopes=["__API_SCOPE_FIRST__"],
    ),
)


@server.tool()
def whoami() -> str:
    """Who uses these tools"""
    return f"You are {get_access_token().subject}"


server.run("streamable-http", port=__RESOURCE_PORT__, streamable_http_path="__RESOURCE_PATH__", stateless_http=True)
