import type { H3Event } from 'h3'

interface Answer {
  access_token: string
  refresh_token?: string
  expires_in: number
}

/** What stays in the encrypted cookie, and is never shown to the browser. */
export const kept = (tokens: Answer, before = '') => ({
  accessToken: tokens.access_token,
  refreshToken: tokens.refresh_token ?? before,
  expiresAt: Date.now() + tokens.expires_in * 1000,
})

/** An access token that works, refreshed when a minute is left; undefined when nobody is signed in. */
export async function freshToken(event: H3Event): Promise<string | undefined> {
  const { secure } = (await getUserSession(event)) as { secure?: ReturnType<typeof kept> }
  if (!secure || secure.expiresAt - Date.now() > 60_000) return secure?.accessToken
  const response = await fetch('__ISSUER__/token', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: secure.refreshToken,
      client_id: '__CLIENT_ID__',
      client_secret: process.env.LATCHKEY_CLIENT_SECRET ?? '',
    }),
  })
  if (!response.ok) {
    await clearUserSession(event)
    return undefined
  }
  const fresh = kept(await response.json(), secure.refreshToken)
  await setUserSession(event, { secure: fresh })
  return fresh.accessToken
}
