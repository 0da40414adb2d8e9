import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Desk, openDesk } from '../../rejections/requests.ts'
import { clock, type Scene, type TestClient } from '../../security/attacker.ts'

const BOOKS = 'https://books.example'
const FILMS = 'https://films.example'
const grant = { grant_type: 'client_credentials' }

let desk: Desk
let scene: Scene
beforeAll(async () => {
  desk = await openDesk({ clock })
  scene = desk.scene
  const { resources } = desk.latchkey.services
  await resources.add({ identifier: BOOKS, scope: 'books:read books:write' })
  await resources.add({ identifier: FILMS, scope: 'films:read' })
})
afterAll(() => desk.close())

const machine = (scope?: string) =>
  scene.client({ grant_types: ['client_credentials'], redirect_uris: [], ...(scope && { scope }) })
const ask = (by: TestClient, parameters: Record<string, string> = {}) =>
  scene.token(by, { ...grant, ...parameters })
const claimsOf = (answer: Awaited<ReturnType<typeof ask>>) => decodeJwt(String(answer.json.access_token))

describe('a machine that sends no scope', () => {
  test('gets what it is registered for, if that is for one API', async () => {
    const answer = await ask(await machine('books:read books:write'))
    expect(answer.json.scope).toBe('books:read books:write')
    expect(claimsOf(answer)).toMatchObject({ aud: BOOKS, scope: 'books:read books:write' })
  })

  test('registered for several APIs: invalid_scope says how to choose, and so does the console', async () => {
    const answer = await ask(await machine('books:read films:read'))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } })
    expect(answer.json.error_description).toMatch(/resource parameter, or send a scope/)
    const { explanation } = await desk.kept(answer)
    expect(explanation.rule).toBe('scope_omitted')
    expect(explanation.mistake).toContain(FILMS)
  })

  test('registered for none: invalid_scope says what to register', async () => {
    for (const scope of [undefined, 'openid profile', 'gone:read']) {
      const answer = await ask(await machine(scope))
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } })
      expect(answer.json.error_description).toMatch(/^register the client/)
      const { explanation } = await desk.kept(answer)
      expect(explanation.rule).toBe('scope_omitted')
    }
  })

  test.each(['resource', 'audience'])(
    'and names the API by %s: what is registered of that API',
    async (name) => {
      const both = await machine('books:read films:read')
      for (const [api, scope] of [
        [BOOKS, 'books:read'],
        [FILMS, 'films:read'],
      ] as const)
        expect(claimsOf(await ask(both, { [name]: api }))).toMatchObject({ aud: api, scope })
    },
  )
})
