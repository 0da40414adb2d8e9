import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RelyingParty, TokenSet } from '../../examples/web-app/oidc.ts'
import { createSessions, freshen, refreshDueAt, remember } from '../../examples/web-app/session.ts'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 }))
afterEach(() => void vi.useRealTimers())

function tokens(lifetime: number, refreshToken: string | undefined = 'first'): TokenSet {
  const now = Date.now()
  const claims = { iss: 'https://id.example', sub: 'ada', aud: 'web', iat: 0, exp: 0 }
  return {
    idToken: 'i',
    claims,
    accessToken: 'a',
    refreshToken,
    scope: 'openid',
    receivedAt: now,
    expiresAt: now + lifetime,
  }
}

function partyThat(refresh: (tokens: TokenSet) => Promise<TokenSet>): RelyingParty {
  const never = () => Promise.reject(new Error('not part of this test'))
  return { start: never, finish: never, userinfo: never, signOutUrl: never, call: never, refresh }
}

test('tokens are due five minutes before they expire, short ones at half their life', () => {
  const now = Date.now()
  expect(refreshDueAt(tokens(60 * MINUTE))).toBe(now + 55 * MINUTE)
  expect(refreshDueAt(tokens(10 * MINUTE))).toBe(now + 5 * MINUTE)
  expect(refreshDueAt(tokens(2 * MINUTE))).toBe(now + MINUTE)
  expect(refreshDueAt({ ...tokens(MINUTE), refreshToken: undefined })).toBeUndefined()
  expect(refreshDueAt({ ...tokens(MINUTE), expiresAt: undefined })).toBeUndefined()
})

test('refreshes when due, not before, and at once when told to', async () => {
  const used: (string | undefined)[] = []
  const party = partyThat(async (before) => {
    used.push(before.refreshToken)
    return tokens(60 * MINUTE, `after ${before.refreshToken}`)
  })
  const session = createSessions().create()
  session.tokens = tokens(60 * MINUTE)
  vi.advanceTimersByTime(55 * MINUTE - 1)
  await freshen(session, party)
  expect(used).toEqual([])
  vi.advanceTimersByTime(1)
  await freshen(session, party)
  expect(used).toEqual(['first'])
  await freshen(session, party, true)
  expect(used).toEqual(['first', 'after first'])
})

test('parallel requests share one refresh; a failed one is not kept', async () => {
  let calls = 0
  let outcome: 'fail' | 'work' = 'fail'
  const party = partyThat(async () => {
    calls++
    if (outcome === 'fail') throw new Error('away')
    return tokens(60 * MINUTE, 'second')
  })
  const session = createSessions().create()
  session.tokens = tokens(MINUTE)
  const failed = await Promise.allSettled([1, 2, 3].map(() => freshen(session, party, true)))
  expect(failed.map((each) => each.status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(calls).toBe(1)
  expect(session.tokens.refreshToken).toBe('first')
  outcome = 'work'
  await Promise.all([1, 2, 3].map(() => freshen(session, party, true)))
  expect(calls).toBe(2)
  expect(session.tokens.refreshToken).toBe('second')
})

test('sessions end when unused: unfinished sign-ins soon, signed-in ones after hours', () => {
  const sessions = createSessions()
  const pending = sessions.create()
  const signedIn = sessions.create()
  signedIn.tokens = tokens(MINUTE)
  vi.advanceTimersByTime(16 * MINUTE)
  expect(sessions.find(pending.id)).toBeUndefined()
  expect(sessions.find(signedIn.id)).toBe(signedIn)
  vi.advanceTimersByTime(9 * 60 * MINUTE)
  expect(sessions.find(signedIn.id)).toBeUndefined()
})

test('a session remembers the newest ten sign-ins', () => {
  const session = createSessions().create()
  for (let count = 1; count <= 12; count++) {
    remember(session, { state: `state ${count}`, nonce: 'n', codeVerifier: 'v' })
  }
  expect(session.pending.size).toBe(10)
  expect(session.pending.has('state 1')).toBe(false)
  expect(session.pending.has('state 12')).toBe(true)
})
