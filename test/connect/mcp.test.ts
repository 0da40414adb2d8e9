import { expect, test } from 'vitest'
import { allow, heading, signIn } from '../e2e/steps.ts'
import { clientStage } from './clients.ts'
import { startApi, startProgram } from './snippet.ts'
import { tokenAnswers } from './support.ts'

const stage = clientStage()

const NATIVE = {
  token_endpoint_auth_method: 'none',
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
}

test.each(['mcp-server-jwt', 'mcp-server-introspection'])(
  'an MCP client uses the tools of %s for a person, and refreshes',
  async (id) => {
    const latchkey = stage.latchkey()
    const scope = `${id}:use`
    const server = await startApi(latchkey, id, { scope, path: '/mcp' })
    const client = await startProgram(latchkey, 'mcp-client', {
      metadata: { ...NATIVE, scope: `openid ${scope}` },
    })
    const answered = tokenAnswers(latchkey)
    const context = await stage.browser().newContext()
    context.setDefaultTimeout(8000)
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
    } catch (error) {
      throw new Error(`${error}\n${client.output()}\n${server.output()}`)
    } finally {
      await context.close()
      await client.stop()
      await server.stop()
    }
  },
  120_000,
)

test.each(['express-jose', 'express-introspection'])(
  '%s lets in the tokens of its API with the scope, and no others',
  async (id) => {
    const latchkey = stage.latchkey()
    const api = await startApi(latchkey, id, { scope: `${id}:read ${id}:write`, path: '/books' })
    const stranger = `https://${id}.example`
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
    try {
      expect((await fetch(api.url)).status).toBe(401)
      const good = await ask(`${id}:read`, api.url)
      expect(good.status).toBe(200)
      expect(await good.json()).toEqual({ you: client.client_id, by: client.client_id })
      expect((await ask(`${id}:write`, api.url)).status).toBe(403)
      expect((await ask(`${id}:other`, stranger)).status).toBe(401)
    } finally {
      await api.stop()
    }
  },
  60_000,
)
