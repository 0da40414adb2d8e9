# Read by oauth2-proxy from its environment:
export OAUTH2_PROXY_CLIENT_SECRET='__CLIENT_SECRET__'
export OAUTH2_PROXY_COOKIE_SECRET="$(openssl rand -hex 16)"
oauth2-proxy --config oauth2-proxy.cfg
