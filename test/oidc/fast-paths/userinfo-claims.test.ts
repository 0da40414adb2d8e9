import { Provider } from 'oidc-provider'
import { expect, test } from 'vitest'
import { filterOf } from '../../../src/oidc/fast-paths/userinfo.ts'

test('what the library makes of scopes is kept in their order, and of a few orders at a time', async () => {
  const client_id = 'a'
  const provider = new Provider('https://id.example', {
    clients: [{ client_id, redirect_uris: ['https://app.example/'], client_secret: 'b'.repeat(43) }],
    claims: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`s${n}`, [`c${n}`]])),
  })
  const client = await provider.Client.find(client_id)
  if (client === undefined) throw new Error('no client')
  let made = 0
  const Claims = (provider as unknown as { Claims: Parameters<typeof filterOf>[0] }).Claims
  class Counted extends Claims {
    override scope(value: string) {
      made++
      return super.scope(value)
    }
  }
  const names = (scope: string) => Object.keys(filterOf(Counted, scope, client))

  for (const _ of [1, 2]) {
    expect(names('s1 s2')).toEqual(['c1', 'c2'])
    expect(names('s2 s1')).toEqual(['c2', 'c1'])
  }
  expect(made).toBe(2)
  for (let n = 0; n < 200; n++) names(`s${n}`)
  expect(made).toBe(202)
  names('s199')
  expect(made).toBe(202)
  names('s0')
  expect(made).toBe(203)
})
