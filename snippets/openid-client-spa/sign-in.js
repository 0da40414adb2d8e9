import * as client from 'openid-client'

const config = await client.discovery(
  new URL('__ISSUER__'),
  '__CLIENT_ID__',
  undefined,
  client.None(),
  { execute: [client.allowInsecureRequests] }, // http is for trying out only // ? http
)
// In memory, not in localStorage: any script of the page could read them there, for as long as they live.
let tokens
let person

/** Call it from your “Sign in” button. */
export async function signIn() {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  sessionStorage.setItem('checks', JSON.stringify({ pkceCodeVerifier, expectedState, idTokenExpected: true }))
  location.assign(
    client.buildAuthorizationUrl(config, {
      redirect_uri: '__REDIRECT_URI__',
      scope: '__SCOPE__',
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    }),
  )
}

/** Call it on the page of the redirect URI. Gives who signed in: sub, name, email … */
export async function finishSignIn() {
  const checks = JSON.parse(sessionStorage.getItem('checks'))
  sessionStorage.removeItem('checks')
  tokens = await client.authorizationCodeGrant(config, new URL(location.href), checks)
  history.replaceState(null, '', location.pathname)
  person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  return person
}

/** Call it shortly before the access token ends, once at a time: each refresh token works once. */
export async function refresh() {
  const { id_token } = tokens
  tokens = await client.refreshTokenGrant(config, tokens.refresh_token)
  tokens.id_token ??= id_token
  return tokens.access_token
}

/** Call it from your “Sign out” button. */
export function signOut() {
  const to = { id_token_hint: tokens.id_token, post_logout_redirect_uri: '__POST_LOGOUT_URI__' }
  location.assign(client.buildEndSessionUrl(config, to))
}
