import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routes } from '../../src/oidc/provider/routes.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

/** After these, Node's parser reads nothing. */
const FILLER = '&x='.repeat(1000)

describe('a parameter that is there twice, the second time after a thousand others', () => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({})
  })
  afterAll(() => latchkey?.stop())

  test.each([
    routes.token,
    routes.introspection,
    routes.revocation,
    routes.pushed_authorization_request,
    routes.device_authorization,
  ])('is refused in a form: %s', async (path) => {
    const send = async (body: string) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await fetch(`${latchkey.issuer}${path}`, { method: 'POST', headers, body })
      return [answer.status, ((await answer.json()) as { error: string }).error]
    }
    const form = 'client_id=nobody&token=a&grant_type=client_credentials'
    expect(await send(form)).toEqual([401, 'invalid_client'])
    expect(await send(`${form}${FILLER}&client_id=another`)).toEqual([400, 'invalid_request'])
  })

  test.each([routes.authorization, routes.end_session])('is refused in a query: %s', async (path) => {
    const answer = await fetch(`${latchkey.issuer}${path}?client_id=nobody${FILLER}&client_id=another`)
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringContaining('This request has too many parameters.'),
    ])
  })
})
