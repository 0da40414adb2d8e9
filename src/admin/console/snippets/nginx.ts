import { redirectNote } from './auth-js.ts'
import { proxyConfiguration, proxyRun } from './oauth2-proxy.ts'
import type { Snippet } from './snippet.ts'

/** nginx asks oauth2-proxy about each request. */
export const nginx: Snippet = {
  id: 'nginx',
  name: 'nginx (auth_request)',
  kinds: ['web'],
  fits: ({ secret }) => secret !== undefined,
  parts: (values) => [
    {
      label: 'nginx.conf, in your server block',
      text: `location /oauth2/ {
    proxy_pass http://127.0.0.1:4180;
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Auth-Request-Redirect $request_uri;
}

location = /oauth2/auth {
    internal;
    proxy_pass http://127.0.0.1:4180;
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-Uri $request_uri;
    proxy_set_header Content-Length "";
    proxy_pass_request_body off;
}

location @sign_in {
    return 302 /oauth2/sign_in?rd=$scheme://$host$request_uri;
}

location / {
    auth_request /oauth2/auth;
    error_page 401 = @sign_in;
    auth_request_set $user $upstream_http_x_auth_request_user;
    auth_request_set $email $upstream_http_x_auth_request_email;
    proxy_set_header X-User $user;
    proxy_set_header X-Email $email;
    proxy_pass http://127.0.0.1:8080;
}
`,
    },
    {
      label: 'oauth2-proxy.cfg',
      text: `${proxyConfiguration(values)}http_address = "127.0.0.1:4180"
reverse_proxy = true
set_xauthrequest = true
upstreams = ["static://202"]
`,
    },
    { label: 'Run', text: proxyRun },
    ...redirectNote(values.redirectUri, '/oauth2/callback'),
  ],
}
