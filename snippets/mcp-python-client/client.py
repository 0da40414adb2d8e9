import asyncio
from urllib.parse import parse_qs, urlsplit, urlunsplit

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata

SERVER = "__RESOURCE__"
REDIRECT = urlsplit("__REDIRECT_URI__")


class Storage:
    """Keep the tokens where only this person's programs can read them; here they are gone with the process."""

    def __init__(self, redirect_uri):
        self.tokens = None
        self.client = OAuthClientInformationFull(
            client_id="__CLIENT_ID__",
            issuer="__ISSUER__",
            redirect_uris=[redirect_uri],
            token_endpoint_auth_method="none",
        )

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def main():
    answered = asyncio.get_running_loop().create_future()

    async def answer(reader, writer):
        target = (await reader.readline()).decode().split(" ")[1]
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nDone. You can close this window.")
        await writer.drain()
        writer.close()
        if not answered.done() and urlsplit(target).path == REDIRECT.path:
            answered.set_result(query)

    # Any free port: on loopback the port is not compared (RFC 8252 §7.3).
    listener = await asyncio.start_server(answer, REDIRECT.hostname, 0)
    port = listener.sockets[0].getsockname()[1]
    host = f"[{REDIRECT.hostname}]" if ":" in REDIRECT.hostname else REDIRECT.hostname
    redirect_uri = urlunsplit(REDIRECT._replace(netloc=f"{host}:{port}"))

    async def show(url):
        print(f"Open this in your browser:\n{url}", flush=True)

    async def code():
        query = await answered
        if "error" in query:
            raise RuntimeError(query.get("error_description", query["error"]))
        # The SDK compares state and iss.
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))

    # The SDK asks for offline_access as well. A client that is not registered for it refreshes as long as the person is
    # signed in at Latchkey.
    metadata = OAuthClientMetadata(redirect_uris=[redirect_uri])
    auth = OAuthClientProvider(SERVER, metadata, Storage(redirect_uri), show, code)
    async with create_mcp_http_client(auth=auth) as http:
        async with streamable_http_client(SERVER, http_client=http) as (read, write):
            async with ClientSession(read, write) as session:
                await session.initialize()
                tools = (await session.list_tools()).tools
                print("Tools:", ", ".join(tool.name for tool in tools), flush=True)
                print((await session.call_tool(tools[0].name, {})).content[0].text, flush=True)
                # The SDK renews the tokens by itself when they are over; here they are at once.
                auth.context.token_expiry_time = 1
                again = await session.call_tool(tools[0].name, {})
                print("Refreshed:", again.content[0].text, flush=True)


asyncio.run(main())
