import { expect } from 'vitest'
import { allow, follow, heading, press, signIn } from '../e2e/steps.ts'
import type { clientFixture } from './clients.ts'
import { keyPair } from './keys.ts'
import { type SnippetOptions, startApi, startProgram, startSnippet } from './snippet.ts'
import { enterAt, tokenAnswers } from './support.ts'

/** What has to be so in every language. */

type ClientFixture = ReturnType<typeof clientFixture>
type Versions = (folder: string) => Promise<Record<string, string>>

/** Runs what protects an API: the tokens of this API with the scope are let in, and no others. Gives the versions. */
export async function guardsApi(
  { latchkey: server }: ClientFixture,
  id: string,
  options: SnippetOptions = {},
  versions?: Versions,
): Promise<Record<string, string>> {
  const latchkey = server()
  const api = await startApi(latchkey, id, {
    scope: `${id}:read ${id}:write`,
    path: '/books',
    ...options,
  })
  try {
    const stranger = `https://${new URL(api.url).port}.example`
    await latchkey.services.resources.add({ identifier: stranger, name: 'Another', scope: `${id}:other` })
    const client = await latchkey.createClient({
      redirect_uris: [],
      grant_types: ['client_credentials'],
      scope: `${id}:read ${id}:write ${id}:other`,
    })
    const ask = async (scope: string, resource: string) => {
      const answer = await fetch(`${latchkey.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource }),
      })
      const { access_token } = (await answer.json()) as { access_token: string }
      return fetch(api.url, { headers: { authorization: `Bearer ${access_token}` } })
    }
    expect((await fetch(api.url)).status).toBe(401)
    expect((await fetch(api.url, { headers: { authorization: 'Bearer nonsense' } })).status).toBe(401)
    const good = await ask(`${id}:read`, api.url)
    expect(good.status).toBe(200)
    expect(await good.json()).toEqual({ you: client.client_id, by: client.client_id })
    expect((await ask(`${id}:write`, api.url)).status).toBe(403)
    expect((await ask(`${id}:other`, stranger)).status).toBe(401)
    return (await versions?.(api.folder)) ?? {}
  } catch (error) {
    throw new Error(`${error}\n${api.output()}`)
  } finally {
    await api.stop()
  }
}

/** Runs a web app with a back channel: a sign-out at Latchkey ends its session, a forged notice does not. */
export async function signsOutAtLatchkey(
  { latchkey: server, browser }: ClientFixture,
  id: string,
  options: SnippetOptions = {},
  path = '/backchannel-logout',
): Promise<void> {
  const latchkey = server()
  const app = await startSnippet(latchkey, id, {
    ...options,
    metadata: (url) => ({
      backchannel_logout_uri: `${url}${path}`,
      backchannel_logout_session_required: true,
    }),
  })
  const context = await browser().newContext()
  try {
    const person = await latchkey.createUser()
    const page = await context.newPage()
    await page.goto(`${app.url}/`)
    await follow(page, 'Sign in')
    await enterAt(page, person)
    const forged = await fetch(`${app.url}${path}`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: 'eyJhbGciOiJub25lIn0.e30.' }),
    })
    expect(forged.status).toBe(400)
    await page.goto(`${app.url}/`)
    await page.getByText(person.email).waitFor()

    await page.goto(`${latchkey.issuer}/logout`)
    await press(page, 'Sign out')
    await page.getByRole('heading', { name: 'Sign out?' }).waitFor({ state: 'hidden' })
    await expect
      .poll(async () => {
        await page.goto(`${app.url}/`)
        return page.getByText('Sign in').count()
      })
      .toBeGreaterThan(0)
  } catch (error) {
    throw new Error(`${error}\n${app.output()}`)
  } finally {
    await context.close()
    await app.stop()
  }
}

/** Runs an MCP client against an MCP server for a person, who signs in; then it refreshes. Gives the versions. */
export async function usesTools(
  fixture: ClientFixture,
  clientId: string,
  serverId: string,
  options: SnippetOptions = {},
  versions?: Versions,
): Promise<Record<string, string>> {
  const latchkey = fixture.latchkey()
  const scope = `${clientId}:${serverId}:use`
  const server = await startApi(latchkey, serverId, { scope, path: '/mcp', ...options })
  const context = await fixture.browser().newContext()
  const client = await startProgram(latchkey, clientId, {
    ...options,
    metadata: {
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback'],
      scope: `openid ${scope}`,
    },
  })
  const answered = tokenAnswers(latchkey)
  try {
    const person = await latchkey.createUser()
    const page = await context.newPage()
    await page.goto(await client.printed(/^(http.*)$/m))
    await heading(page, 'Sign in')
    await signIn(page, person.username)
    await allow(page)
    await page.getByText('Done.').waitFor()
    expect(await client.printed(/^Tools: (.*)$/m)).toBe('whoami')
    expect(await client.printed(/^(You are .*)$/m)).toBe(`You are ${person.id}`)
    expect(await client.printed(/^Refreshed: (.*)$/m)).toBe(`You are ${person.id}`)
    expect(answered()).toBe(2)
    const refused = await fetch(server.url, {
      method: 'POST',
      headers: { authorization: 'Bearer nonsense' },
    })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('resource_metadata=')
    return (await versions?.(server.folder)) ?? {}
  } catch (error) {
    throw new Error(`${error}\n${client.output()}\n${server.output()}`)
  } finally {
    await context.close()
    await client.stop()
    await server.stop()
  }
}

/** Runs a program without a person, that prints “a token …”: with a secret, and with a key of its own. Gives the versions. */
export async function getsTokens(
  { latchkey: server }: ClientFixture,
  id: string,
  options: SnippetOptions = {},
  versions?: Versions,
): Promise<Record<string, string>> {
  const latchkey = server()
  const scope = `${id}:read`
  await latchkey.services.resources.add({ identifier: `https://${id}.example`, name: id, scope })
  const { jwks, files } = keyPair()
  let found: Record<string, string> = {}
  for (const keyed of [{}, { token_endpoint_auth_method: 'private_key_jwt', jwks }]) {
    const program = await startProgram(latchkey, id, {
      ...options,
      files,
      metadata: { redirect_uris: [], grant_types: ['client_credentials'], scope, ...keyed },
    })
    try {
      await program.printed(/^a token (for|until) \d/m)
      found = (await versions?.(program.folder)) ?? {}
    } finally {
      await program.stop()
    }
  }
  return found
}
