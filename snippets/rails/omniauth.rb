Rails.application.config.middleware.use OmniAuth::Builder do
  provider :openid_connect,
    name: :latchkey,
    issuer: "__ISSUER__",
    discovery: true,
    scope: [__SCOPES_QUOTED__],
    response_type: :code,
    pkce: true,
    client_auth_method: :__AUTH__,
    client_options: {
      identifier: "__CLIENT_ID__",
      secret: ENV["LATCHKEY_CLIENT_SECRET"],
      redirect_uri: "__REDIRECT_URI__"
    }
end
