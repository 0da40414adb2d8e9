import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { clock, passTime } from '../security/attacker.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { bearer, createApi } from './support.ts'

interface Tokens {
  access_token: string
  refresh_token: string
}

interface TokenManager {
  signIn(username: string, password: string): Promise<void>
  accessToken(): Promise<string>
  signOut(): Promise<void>
}

/** The token manager of docs/sign-in-from-a-script.md, as it stands there: what people copy has to be right. */
interface Guide {
  SignInNeeded: new () => Error
  createTokenManager(options: {
    issuer: string
    store: { load(): Promise<Tokens | undefined>; save(tokens: Tokens | undefined): Promise<void> }
    fetch: typeof fetch
    now: () => number
  }): TokenManager
}

let folder: string
let guide: Guide
let latchkey: Latchkey
beforeAll(async () => {
  const page = await readFile(
    fileURLToPath(new URL('../../docs/sign-in-from-a-script.md', import.meta.url)),
    'utf8',
  )
  folder = await mkdtemp(join(tmpdir(), 'latchkey-guide-'))
  const file = join(folder, 'tokens.mjs')
  await writeFile(file, /```js\n(.*?)```/s.exec(page)?.[1] ?? '')
  guide = (await import(pathToFileURL(file).href)) as Guide
  latchkey = await startLatchkey({ clock })
})
afterAll(async () => {
  await latchkey.stop()
  await rm(folder, { recursive: true })
})
afterEach(() => void vi.useRealTimers())

function createManager(answer?: () => Response | undefined) {
  let kept: Tokens | undefined
  const calls: string[] = []
  const manager = guide.createTokenManager({
    issuer: latchkey.issuer,
    store: {
      load: async () => kept,
      save: async (tokens) => {
        kept = tokens
      },
    },
    async fetch(input, init) {
      calls.push(new URL(String(input)).pathname.replace('/api/auth/', ''))
      return answer?.() ?? fetch(input, init)
    },
    now: clock,
  })
  return { manager, calls, kept: () => kept }
}
const works = async (token: string) => (await createApi(latchkey.issuer).me(bearer(token))).status === 200

test('refreshes five minutes before expiry, once for everybody who asks', async () => {
  const { email } = await latchkey.createUser()
  const { manager, calls } = createManager()
  await manager.signIn(email, PASSWORD)
  const first = await manager.accessToken()
  passTime(3600 - 301)
  expect(await manager.accessToken()).toBe(first)
  passTime(2)
  const many = await Promise.all(Array.from({ length: 10 }, () => manager.accessToken()))
  expect(new Set(many).size).toBe(1)
  expect(many[0]).not.toBe(first)
  expect(await works(String(many[0]))).toBe(true)
  expect(calls).toEqual(['login', 'refresh'])
})

test('a sign-in that was ended asks for another one; a server that is busy does not', async () => {
  const { id, email } = await latchkey.createUser()
  let busy = false
  const { manager, kept } = createManager(() => (busy ? new Response('{}', { status: 503 }) : undefined))
  await manager.signIn(email, PASSWORD)
  passTime(3500)
  busy = true
  await expect(manager.accessToken()).rejects.toThrow('try again later')
  expect(kept()).toBeDefined()
  busy = false
  expect(await works(await manager.accessToken())).toBe(true)
  await latchkey.services.accounts.disable(id)
  passTime(3500)
  await expect(manager.accessToken()).rejects.toBeInstanceOf(guide.SignInNeeded)
  expect(kept()).toBeUndefined()
})

test('signing out ends the tokens; a wrong password is told', async () => {
  const { email } = await latchkey.createUser()
  const { manager } = createManager()
  await expect(manager.signIn(email, 'wrong')).rejects.toThrow('Invalid credentials')
  await manager.signIn(email, PASSWORD)
  const token = await manager.accessToken()
  await manager.signOut()
  expect(await works(token)).toBe(false)
  await expect(manager.accessToken()).rejects.toBeInstanceOf(guide.SignInNeeded)
})
