import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/shared/clock.ts'
import type { ArtifactPayload, ArtifactStore } from '../../src/storage/artifacts/store.ts'
import type { TokenReads } from '../../src/storage/token-reads/token-reads.ts'

/** An empty store of one engine. */
export interface OpenedArtifactStore {
  store: ArtifactStore
  /** The same rows as fast paths read them; an account is its ID. */
  tokens: TokenReads<string>
  /** The same data through connections of its own, as another process would reach it. */
  other: ArtifactStore
  /** Everything that is at rest, as text: every row, every column. */
  dump(): Promise<string>
  /** Deletes every row. */
  empty(): Promise<unknown>
  close(): Promise<void>
}

export type OpenArtifactStore = (options: {
  clock: Clock
  refreshGraceSeconds: number
}) => Promise<OpenedArtifactStore>

/** In no random id: four letters would be, once in a few thousand runs. */
const LATE = 'written-too-late'

const newId = (): string => randomBytes(32).toString('base64url')
const start = 1_800_000_000

/** What every engine of the artefact store has to do. An engine's own test is `artifactStoreContract(name, open)`. */
export const artifactStoreContract = (name: string, open: OpenArtifactStore): void => {
  describe(`artifact store on ${name}`, () => {
    let opened: OpenedArtifactStore
    let store: ArtifactStore
    let other: ArtifactStore
    let seconds: number
    const pass = (duration: number): void => {
      seconds += duration
    }
    /** Both processes' stores in turn. */
    const either = (index: number): ArtifactStore => (index % 2 === 0 ? store : other)

    beforeAll(async () => {
      opened = await open({ clock: () => seconds * 1000, refreshGraceSeconds: 10 })
      store = opened.store
      other = opened.other
    })
    beforeEach(async () => {
      seconds = start
      await opened.empty()
    })
    afterAll(() => opened?.close())

    describe('reading and writing', () => {
      test('gives back what was stored', async () => {
        const id = newId()
        const payload = {
          jti: id,
          kind: 'AccessToken',
          iat: start,
          claims: { a: [1, null, true] },
          scope: 'openid',
        }
        await store.upsert('AccessToken', id, payload, 60)
        expect(await store.find('AccessToken', id)).toEqual(payload)
        expect(await other.find('AccessToken', id)).toEqual(payload)
      })

      test('keeps models apart', async () => {
        const id = newId()
        await store.upsert('AccessToken', id, { jti: id }, 60)
        expect(await store.find('RefreshToken', id)).toBeUndefined()
        await store.destroy('RefreshToken', id)
        expect(await store.find('AccessToken', id)).toBeDefined()
      })

      test('replaces the payload and the lifetime of what is there', async () => {
        const id = newId()
        await store.upsert('Interaction', id, { jti: id, step: 1, old: true }, 60)
        await store.upsert('Interaction', id, { jti: id, step: 2 }, 120)
        pass(100)
        expect(await store.find('Interaction', id)).toEqual({ jti: id, step: 2 })
      })

      test('finds what hangs together at once, for many at once, where that is one look-up', async () => {
        const { findRelated } = store
        if (findRelated === undefined) return
        const [grantId, session, uid] = [newId(), newId(), newId()]
        await store.upsert(
          'Grant',
          grantId,
          { jti: grantId, accountId: 'a', openid: { scope: 'openid' } },
          60,
        )
        await store.upsert(
          'Session',
          session,
          { jti: session, uid, accountId: 'a', authorizations: { c: {} } },
          60,
        )
        const token = async (over: object) => {
          const id = newId()
          const payload = { jti: id, kind: 'RefreshToken', grantId, nonce: '\0"\\', ...over }
          await store.upsert('RefreshToken', id, payload, 50)
          return id
        }
        const bound = await token({ sessionUid: uid })
        const [grant, held] = [await store.find('Grant', grantId), await store.findByUid('Session', uid)]
        const expected = { found: await store.find('RefreshToken', bound), grant, session: held }
        expect(await findRelated('RefreshToken', bound)).toEqual({ ...expected, account: undefined })

        const ids = await Promise.all(Array.from({ length: 20 }, (_, index) => token({ nonce: `n${index}` })))
        const answers = await Promise.all([...ids, newId()].map((id) => findRelated('RefreshToken', id)))
        expect(answers.map((each) => each?.found.nonce)).toEqual([
          ...ids.map((_, index) => `n${index}`),
          undefined,
        ])
        expect(await findRelated('AccessToken', bound)).toBeUndefined()

        // What another field says is no session of the token.
        const alike = await token({ claims: { id_token: { sessionUid: uid } } })
        expect((await findRelated('RefreshToken', alike))?.found).not.toHaveProperty('sessionUid')

        await store.consume('RefreshToken', bound)
        expect((await findRelated('RefreshToken', bound))?.found).not.toHaveProperty('consumed')
        await store.endSession(uid)
        await store.destroy('Grant', grantId)
        pass(11)
        expect(await findRelated('RefreshToken', bound)).toMatchObject({
          found: { consumed: seconds - 11 },
          grant: undefined,
          session: undefined,
        })
        pass(50)
        expect(await findRelated('RefreshToken', bound)).toBeUndefined()
      })

      test('finds a session with the Grant that it has of a client at once, where that is one look-up', async () => {
        const { findRelated } = store
        if (findRelated === undefined) return
        const [mine, other, gone, id, uid] = [newId(), newId(), newId(), newId(), newId()]
        for (const grantId of [mine, other])
          await store.upsert('Grant', grantId, { jti: grantId, accountId: 'a', kind: 'Grant' }, 60)
        const authorizations = {
          'https://app.example/?a=1': { grantId: mine, sid: '"\\' },
          other: { grantId: other },
          gone: { grantId: gone },
          bare: { sid: 's' },
          // Kept as text, which is not looked into.
          nul: { grantId: mine, sid: '\0' },
          odd: { grantId: `${mine}\0` },
        }
        await store.upsert('Session', id, { jti: id, uid, accountId: 'a', authorizations }, 60)
        const found = await store.find('Session', id)
        const grantFor = async (client: string) => {
          const related = await findRelated('Session', id, client)
          expect(related?.found).toEqual(found)
          return related?.grant?.jti
        }
        expect(await grantFor('https://app.example/?a=1')).toBe(mine)
        expect(await grantFor('other')).toBe(other)
        for (const client of ['gone', 'bare', 'nul', 'odd', 'unknown', ''])
          expect(await grantFor(client)).toBeUndefined()
        await store.destroy('Grant', mine)
        expect(await grantFor('https://app.example/?a=1')).toBeUndefined()
        await store.upsert('Session', mine, { jti: mine, uid: newId(), accountId: 'a' }, 60)
        expect((await findRelated('Session', mine, 'other'))?.grant).toBeUndefined()
        expect(await findRelated('Session', newId(), 'other')).toBeUndefined()
        await store.endSession(uid)
        expect(await findRelated('Session', id, 'other')).toBeUndefined()
      })

      test('finds a session by its uid, without its id', async () => {
        const [id, uid] = [newId(), newId()]
        await store.upsert('Session', id, { jti: id, uid, kind: 'Session', accountId: 'a' }, 60)
        const found = await store.findByUid('Session', uid)
        expect(found).toMatchObject({ uid, accountId: 'a' })
        expect(found).not.toHaveProperty('jti')
        expect(await store.findByUid('Session', newId())).toBeUndefined()
      })

      test('finds a device code by its user code, whole', async () => {
        const id = newId()
        const payload = { jti: id, kind: 'DeviceCode', userCode: 'BDFGHJKM', clientId: 'tv' }
        await store.upsert('DeviceCode', id, payload, 60)
        expect(await store.findByUserCode('DeviceCode', 'BDFGHJKM')).toEqual(payload)
        expect(await store.findByUserCode('DeviceCode', 'BDFGHJKN')).toBeUndefined()
        const read = await store.find('DeviceCode', id)
        expect(read).toEqual(payload)
        await store.upsert('DeviceCode', id, { ...read, accountId: 'a' }, 60)
        expect(await store.findByUserCode('DeviceCode', 'BDFGHJKM')).toEqual({ ...payload, accountId: 'a' })
      })

      test.each([
        ['Unicode', 'Ünïcödé 漢字 😀 \u2028 \uFFFD'],
        ['NUL', 'a\0b'],
        ['half a surrogate pair', 'a\uD83Db'],
        ['what looks like a NUL', 'a\\u0000b'],
        ['quotes and backslashes', `'"\\\n\t%_$1?`],
        ['1 MB', 'x'.repeat(1_000_000)],
      ])('stores %s in any field', async (_, text) => {
        const id = newId()
        const payload = { jti: id, uid: newId(), state: text, nested: { [text.slice(0, 50)]: [text] } }
        for (const model of ['Session', 'Interaction']) {
          await store.upsert(model, id, payload, 60)
          await store.upsert(model, id, { ...payload, authorizations: { app: { sid: text } } }, 60)
          await store.upsert(
            model,
            id,
            { ...payload, authorizations: { app: { sid: text, grantId: 'g' } } },
            60,
          )
          expect(await store.find(model, id)).toEqual({
            ...payload,
            authorizations: { app: { sid: text, grantId: 'g' } },
          })
        }
      })

      test('gives an access token with its Grant and session, whatever its other fields hold', async () => {
        const odd = [
          'a\0b',
          'a\uD83Db',
          'a\\u0000b',
          `'"\\\n$1?`,
          '"sessionUid":"another"',
          '\\"sessionUid\\":\\"x\\"',
        ]
        const another = newId()
        await store.upsert('Session', newId(), { uid: another, accountId: 'b' }, 60)
        const stored = []
        // More than are asked for one by one.
        for (const text of [...odd, ...odd, ...odd]) {
          const [id, grantId, sessionUid] = [newId(), newId(), newId()]
          const claims = { userinfo: { [text]: { value: text }, email: { sessionUid: another } } }
          const token = { jti: id, claims, extra: { text }, grantId, sessionUid, expiresWithSession: true }
          await store.upsert('Grant', grantId, { jti: grantId, accountId: 'a', text }, 60)
          await store.upsert('Session', newId(), { uid: sessionUid, accountId: 'a', text }, 60)
          // As the library writes it, and with what looks alike in front.
          const { claims: _, extra: __, ...rest } = token
          await store.upsert('AccessToken', id, { ...rest, claims, extra: token.extra }, 60)
          stored.push({ token, text })
        }
        const found = await Promise.all(stored.map(({ token }) => opened.tokens.byValue(token.jti)))
        stored.forEach(({ token, text }, index) => {
          expect(found[index]).toMatchObject({ model: 'AccessToken', token })
          expect(found[index]?.grant).toMatchObject({ accountId: 'a', text })
          expect(found[index]?.session).toMatchObject({ uid: token.sessionUid, accountId: 'a', text })
        })
      })

      test('never gives an access token another session than its own', async () => {
        const another = newId()
        await store.upsert('Session', newId(), { uid: another, accountId: 'a' }, 60)
        const claims = { userinfo: { email: { sessionUid: another } } }
        const [free, gone] = [newId(), newId()]
        await store.upsert('AccessToken', free, { jti: free, claims }, 60)
        const bound = { claims, expiresWithSession: true, sessionUid: newId() }
        await store.upsert('AccessToken', gone, { jti: gone, ...bound }, 60)
        await store.upsert('AccessToken', free + free, { jti: free + free, claims, sessionUid: another }, 60)
        for (const id of [free, gone, free + free]) {
          expect(await opened.tokens.byValue(id)).toMatchObject({ model: 'AccessToken', session: undefined })
        }
      })

      test('answers “not there” to any text as an identifier', async () => {
        for (const text of ['', 'a\0b', '\uD83D', "' OR 1=1 --", '__proto__', 'x'.repeat(100_000)]) {
          expect(await store.find('AccessToken', text)).toBeUndefined()
          expect(await store.findByUid('Session', text)).toBeUndefined()
          expect(await store.findByUserCode('DeviceCode', text)).toBeUndefined()
          expect(await store.consume('AuthorizationCode', text)).toBe(false)
          expect(await store.listByAccount('Session', text)).toEqual([])
          await store.destroy('Session', text)
          await store.revokeByGrantId('AccessToken', text)
          await store.revokeByClient(text, 10)
          await store.revokeByAccount(text, { exceptSessionUid: text, clientId: text })
          await store.revokeSession(text, text)
        }
      })

      test('any text may be an identifier, also one that occurs all over its payload', async () => {
        for (const id of ['a', '"', '{', ':', 'jti', '\\', '漢']) {
          const payload = { jti: id, kind: 'Consent', a: '"a":{\\"jti\\"}', 漢: { a: id } }
          await store.upsert('Consent', id, payload, undefined)
          expect(await store.find('Consent', id)).toEqual(payload)
        }
      })

      test('a member named __proto__ is data', async () => {
        const id = newId()
        const payload = JSON.parse(`{"jti":"${id}","__proto__":{"polluted":true}}`)
        await store.upsert('Interaction', id, payload, 60)
        expect(JSON.stringify(await store.find('Interaction', id))).toContain('"__proto__":{"polluted":true}')
        expect({}).not.toHaveProperty('polluted')
      })
    })

    describe('expiry', () => {
      test('is decided when reading, not by the clean-up', async () => {
        const [id, uid] = [newId(), newId()]
        await store.upsert('Session', id, { jti: id, uid, accountId: 'a' }, 60)
        await store.upsert('DeviceCode', id, { jti: id, userCode: 'BCDF' }, 60)
        await store.upsert('AuthorizationCode', id, { jti: id }, 60)
        pass(59)
        expect(await store.find('Session', id)).toBeDefined()
        pass(1)
        expect(await store.find('Session', id)).toBeUndefined()
        expect(await store.findByUid('Session', uid)).toBeUndefined()
        expect(await store.findByUserCode('DeviceCode', 'BCDF')).toBeUndefined()
        expect(await store.listByAccount('Session', 'a')).toEqual([])
        expect(await store.consume('AuthorizationCode', id)).toBe(false)
      })

      test('without a lifetime there is none', async () => {
        const id = newId()
        await store.upsert('Consent', id, { jti: id }, undefined)
        pass(10 ** 9)
        expect(await store.find('Consent', id)).toEqual({ jti: id })
        expect(await store.sweep(100)).toBe(0)
      })

      test('the clean-up deletes in bounded batches, a minute late, and only what has expired', async () => {
        for (let index = 0; index < 25; index += 1) await store.upsert('AccessToken', newId(), {}, 10 + index)
        const alive = newId()
        await store.upsert('AccessToken', alive, { jti: alive }, 3600)
        pass(10 + 24 + 60)
        expect(await store.sweep(10)).toBe(10)
        expect(await store.sweep(10)).toBe(10)
        expect(await store.sweep(10)).toBe(4)
        expect(await store.sweep(10)).toBe(0)
        pass(1)
        expect(await store.sweep(10)).toBe(1)
        expect(await store.find('AccessToken', alive)).toBeDefined()
      })

      test('two clean-ups at once never delete one row twice', async () => {
        for (let index = 0; index < 40; index += 1) await store.upsert('AccessToken', newId(), {}, 1)
        pass(100)
        const deleted = await Promise.all(Array.from({ length: 8 }, (_, index) => either(index).sweep(10)))
        const rest = await store.sweep(100)
        expect(deleted.reduce((sum, count) => sum + count, rest)).toBe(40)
      })
    })

    describe('single use', () => {
      test('of 50 callers at once exactly one consumes (RFC 6749 §4.1.2)', async () => {
        for (const model of ['AuthorizationCode', 'PushedAuthorizationRequest', 'DeviceCode']) {
          const id = newId()
          await store.upsert(model, id, { jti: id }, 60)
          const won = await Promise.all(
            Array.from({ length: 50 }, (_, index) => either(index).consume(model, id)),
          )
          expect(won.filter(Boolean)).toHaveLength(1)
        }
      })

      test('what was used says since when, also after it is saved again', async () => {
        const id = newId()
        await store.upsert('AuthorizationCode', id, { jti: id, grantId: 'g' }, 60)
        pass(5)
        expect(await store.consume('AuthorizationCode', id)).toBe(true)
        pass(5)
        await store.upsert('AuthorizationCode', id, { jti: id, grantId: 'g', consumed: 1 }, 60)
        expect(await store.find('AuthorizationCode', id)).toEqual({
          jti: id,
          grantId: 'g',
          consumed: start + 5,
        })
        expect(await store.consume('AuthorizationCode', id)).toBe(false)
      })

      test('what was used is found for as long as that is to be remembered, and says so; what was not, is not', async () => {
        for (const model of ['AuthorizationCode', 'RefreshToken']) {
          const [used, unused, brief] = [newId(), newId(), newId()]
          for (const id of [used, unused, brief])
            await store.upsert(model, id, { jti: id, grantId: 'g', exp: seconds + 60 }, 60)
          expect(await other.consume(model, used, 3600)).toBe(true)
          // Never for less than it lives.
          expect(await other.consume(model, brief, 1)).toBe(true)
          const since = seconds
          pass(59)
          expect(await store.find(model, brief)).toMatchObject({ consumed: since })
          pass(62)
          await store.sweep(100)
          expect(await store.find(model, used)).toEqual({
            jti: used,
            grantId: 'g',
            consumed: since,
            exp: since + 3600,
          })
          expect(await store.consume(model, used, 3600)).toBe(false)
          for (const id of [unused, brief]) expect(await store.find(model, id)).toBeUndefined()
          expect(await store.consume(model, unused, 3600)).toBe(false)
          pass(3600 - 121)
          expect(await store.find(model, used)).toBeUndefined()
        }
      })

      test('20 changes of one thing at once are all kept, whether or not it was there', async () => {
        for (const [model, ttl] of [
          ['Consent', undefined],
          ['Grant', 60],
        ] as const) {
          const id = newId()
          for (const base of [0, 20]) {
            await Promise.all(
              Array.from({ length: 20 }, (_, index) =>
                either(index).change(model, id, ttl, (before) => ({
                  accountId: 'a',
                  all: [...((before?.all as number[] | undefined) ?? []), base + index],
                })),
              ),
            )
            const all = (await store.find(model, id))?.all as number[]
            expect(all.toSorted((a, b) => a - b)).toEqual(
              Array.from({ length: base + 20 }, (_, index) => index),
            )
          }
          if (ttl === undefined) continue
          pass(60)
          await store.change(model, id, ttl, (before) => ({ before: before ?? 'nothing' }))
          expect(await store.find(model, id)).toMatchObject({ before: 'nothing' })
          await other.change(model, id, ttl, () => undefined)
          expect(await store.find(model, id)).toMatchObject({ before: 'nothing' })
        }
      })

      test('what was replaced was there: of a replacement and a removal at once the removal has the last word', async () => {
        for (let round = 0; round < 10; round += 1) {
          const id = newId()
          await store.upsert('Interaction', id, { jti: id, step: 1 }, 60)
          const [, removed] = await Promise.all([
            store.replace('Interaction', id, { jti: id, step: 2 }, 60),
            other.destroy('Interaction', id),
          ])
          expect(removed).toBe(true)
          expect(await store.find('Interaction', id)).toBeUndefined()
          expect(await store.replace('Interaction', id, { jti: id, step: 3 }, 60)).toBe(false)
          expect(await store.destroy('Interaction', id)).toBe(false)
        }
        const [kept, expired] = [newId(), newId()]
        await store.upsert('Interaction', kept, { jti: kept, step: 1 }, 60)
        await store.upsert('Interaction', expired, { jti: expired }, 1)
        expect(await other.replace('Interaction', kept, { jti: kept, step: 2 }, 120)).toBe(true)
        pass(100)
        expect(await store.find('Interaction', kept)).toEqual({ jti: kept, step: 2 })
        expect(await store.replace('Interaction', expired, { jti: expired }, 60)).toBe(false)
      })

      test('of 50 units of work at once that use one code, one takes effect as a whole', async () => {
        for (const model of ['AuthorizationCode', 'DeviceCode']) {
          const code = newId()
          await store.upsert(model, code, { jti: code, grantId: 'g' }, 60)
          const made = Array.from({ length: 50 }, () => [newId(), newId()] as const)
          const answers = await Promise.all(
            made.map(([access, refresh], index) =>
              either(index).commit({
                consume: { model, id: code, remember: 3600 },
                store: [
                  { model: 'AccessToken', id: access, payload: { jti: access, grantId: 'g' }, ttl: 60 },
                  { model: 'RefreshToken', id: refresh, payload: { jti: refresh, grantId: 'g' }, ttl: 60 },
                ],
              }),
            ),
          )
          expect(answers.filter(({ used }) => used).length).toBe(1)
          expect(await store.find(model, code)).toMatchObject({ consumed: seconds })
          for (const [index, [access, refresh]] of made.entries()) {
            const found = [await other.find('AccessToken', access), await store.find('RefreshToken', refresh)]
            expect(found.map((each) => each !== undefined)).toEqual(Array(2).fill(answers[index]?.used))
          }
          pass(61)
          expect(await store.find(model, code)).toMatchObject({ consumed: seconds - 61 })
        }
      })

      test('a unit of work that uses what is gone, expired or used stores nothing', async () => {
        const [gone, old, used, fresh] = [newId(), newId(), newId(), newId()]
        await store.upsert('RefreshToken', old, { jti: old }, 10)
        await store.upsert('RefreshToken', used, { jti: used }, 60)
        await store.upsert('RefreshToken', fresh, { jti: fresh }, 60)
        await store.consume('RefreshToken', used)
        pass(11)
        for (const [id, expected] of [
          [gone, false],
          [old, false],
          [used, false],
          [fresh, true],
          // Within the grace window of its first use.
          [fresh, true],
        ] as const) {
          const token = newId()
          const unit = {
            consume: { model: 'RefreshToken', id, remember: 60 },
            store: [{ model: 'AccessToken', id: token, payload: { jti: token }, ttl: 60 }],
          }
          expect(await either(seconds).commit(unit)).toMatchObject({ used: expected })
          expect((await other.find('AccessToken', token)) !== undefined).toBe(expected)
        }
      })

      test('a unit of work saves a session as it would be saved alone', async () => {
        const [id, uid] = [newId(), newId()]
        const payload = { jti: id, uid, accountId: 'a', exp: seconds + 60 }
        await store.upsert('Session', id, payload, 60)
        const asRead = { id, payload: (await store.find('Session', id)) ?? {} }
        const unit = (code: string, authorizations: Record<string, object>) => ({
          store: [{ model: 'AuthorizationCode', id: code, payload: { jti: code, uid: 'x' }, ttl: 60 }],
          session: { id, payload: { ...asRead.payload, authorizations }, ttl: 60, asRead },
        })
        const [first, second, third] = [newId(), newId(), newId()]
        const saved = await Promise.all([
          store.commit(unit(first, { one: { grantId: 'g1' } })),
          other.commit(unit(second, { two: { grantId: 'g2' } })),
        ])
        expect(saved).toEqual([
          { used: true, saved: true },
          { used: true, saved: true },
        ])
        expect(await store.find('Session', id)).toMatchObject({
          authorizations: { one: { grantId: 'g1' }, two: { grantId: 'g2' } },
        })
        await store.endSession(uid)
        expect(await store.commit(unit(third, {}))).toEqual({ used: true, saved: false })
        expect(await store.find('Session', id)).toBeUndefined()
        for (const code of [first, second, third])
          expect(await store.find('AuthorizationCode', code)).toBeDefined()
      })

      test('what does not exist cannot be consumed', async () => {
        expect(await store.consume('AuthorizationCode', newId())).toBe(false)
      })

      test('of 50 insertions at once exactly one is the first', async () => {
        const id = newId()
        const won = await Promise.all(
          Array.from({ length: 50 }, (_, index) =>
            either(index).insert('ReplayDetection', id, { iss: 'c' }, 60),
          ),
        )
        expect(won.filter(Boolean)).toHaveLength(1)
      })

      test('what was inserted may come again after it has expired, once', async () => {
        const id = newId()
        expect(await store.insert('ReplayDetection', id, { n: 1 }, 60)).toBe(true)
        pass(59)
        expect(await store.insert('ReplayDetection', id, { n: 2 }, 60)).toBe(false)
        pass(1)
        const again = await Promise.all(
          [store, other, store].map((one) => one.insert('ReplayDetection', id, { n: 3 }, 60)),
        )
        expect(again.filter(Boolean)).toHaveLength(1)
        expect(await store.find('ReplayDetection', id)).toEqual({ jti: id, n: 3 })
      })
    })

    describe('grace of a rotated refresh token', () => {
      const rotate = async (): Promise<string> => {
        const id = newId()
        await store.upsert('RefreshToken', id, { jti: id, grantId: 'g' }, 3600)
        expect(await store.consume('RefreshToken', id)).toBe(true)
        return id
      }

      test('inside the window it looks unused and can be used again', async () => {
        const id = await rotate()
        pass(9)
        expect(await store.find('RefreshToken', id)).not.toHaveProperty('consumed')
        expect(await other.consume('RefreshToken', id)).toBe(true)
      })

      test('after it, it is used up; a retry inside did not prolong it', async () => {
        const id = await rotate()
        pass(9)
        expect(await store.consume('RefreshToken', id)).toBe(true)
        pass(1)
        expect(await store.find('RefreshToken', id)).toMatchObject({ consumed: start })
        expect(await store.consume('RefreshToken', id)).toBe(false)
      })

      test('is for refresh tokens only', async () => {
        const id = newId()
        await store.upsert('AuthorizationCode', id, { jti: id }, 60)
        await store.consume('AuthorizationCode', id)
        expect(await store.find('AuthorizationCode', id)).toHaveProperty('consumed', start)
      })
    })

    describe('sessions', () => {
      const save = (one: ArtifactStore, id: string, authorizations: unknown, rest: object = {}) =>
        one.upsert('Session', id, { jti: id, uid: `uid-${id}`, accountId: 'a', ...rest, authorizations }, 60)

      test('20 saves at once keep the authorizations of all', async () => {
        const id = newId()
        await save(store, id, {})
        const clients = Array.from({ length: 20 }, (_, index) => `client ${index} "'\\`)
        await Promise.all(
          clients.map((client, index) => save(either(index), id, { [client]: { sid: client } })),
        )
        const stored = await store.find('Session', id)
        expect(stored?.authorizations).toEqual(
          Object.fromEntries(clients.map((client) => [client, { sid: client }])),
        )
      })

      test('a client’s entry comes whole from the later save', async () => {
        const id = newId()
        await save(store, id, { app: { sid: '1', grantId: 'g', persistsLogout: true }, web: { sid: '2' } })
        await save(other, id, { app: { sid: '3' } })
        expect((await store.find('Session', id))?.authorizations).toEqual({
          app: { sid: '3' },
          web: { sid: '2' },
        })
      })

      test('a save without authorizations loses none', async () => {
        const id = newId()
        await save(store, id, { app: { sid: '1' } })
        await save(other, id, undefined, { loginTs: 5 })
        expect(await store.find('Session', id)).toMatchObject({
          loginTs: 5,
          authorizations: { app: { sid: '1' } },
        })
      })

      test('another account under the same id inherits nothing', async () => {
        const id = newId()
        await save(store, id, { app: { sid: '1', grantId: 'g' } })
        await save(store, id, { web: { sid: '2' } }, { accountId: 'b' })
        expect((await store.find('Session', id))?.authorizations).toEqual({ web: { sid: '2' } })
      })

      test('a destroyed one does not come back by a late save', async () => {
        const id = newId()
        await save(store, id, { app: { sid: '1' } })
        await store.destroy('Session', id)
        await save(other, id, { app: { sid: LATE } }, { state: LATE })
        expect(await store.find('Session', id)).toBeUndefined()
        expect(await store.findByUid('Session', `uid-${id}`)).toBeUndefined()
        expect(await store.listByAccount('Session', 'a')).toEqual([])
        const dump = await opened.dump()
        for (const text of [LATE, '"sid']) expect(dump).not.toContain(text)
      })

      test('one ended by its uid does not come back under another id either', async () => {
        const [before, after] = [newId(), newId()]
        await save(store, before, {}, { uid: 'same' })
        await store.revokeSession('a', 'same')
        await save(other, after, {}, { uid: 'same' })
        expect(await store.find('Session', after)).toBeUndefined()
        expect(await store.findByUid('Session', 'same')).toBeUndefined()
      })

      describe('in the hands of several requests', () => {
        type Held = { id: string; payload: ArtifactPayload; asRead: { id: string; payload: ArtifactPayload } }
        /** Reads a session as a request does: with the whole of it in hand, and a copy of how it was. */
        const read = async (one: ArtifactStore, id: string): Promise<Held> => {
          const payload = (await one.find('Session', id)) ?? {}
          return { id, payload, asRead: { id, payload: structuredClone(payload) } }
        }
        const write = (one: ArtifactStore, held: Held, ttl = 60) =>
          one.saveSession(held.id, { ...held.payload, jti: held.id, exp: seconds + ttl }, ttl, held.asRead)
        const begin = async (rest: object = {}) => {
          const id = newId()
          const payload = { jti: id, uid: newId(), accountId: 'a', loginTs: 1, exp: seconds + 60, ...rest }
          await store.upsert('Session', id, payload, 60)
          return { id, uid: payload.uid }
        }
        const authorize = (held: Held, client: string, entry: object = { sid: client }) => {
          held.payload.authorizations = { ...(held.payload.authorizations as object), [client]: entry }
        }

        test('keep every field that each has changed, in either order', async () => {
          const { id } = await begin({ amr: ['pwd'], device: { address: '1' } })
          const [mine, theirs, third] = [await read(store, id), await read(other, id), await read(store, id)]
          mine.payload.state = { secret: 's', nested: [null, { deep: null }] }
          theirs.payload.loginTs = 2
          theirs.payload.amr = ['pwd', 'otp']
          authorize(third, 'app')
          for (const [one, held] of [
            [store, mine],
            [other, theirs],
            [store, third],
          ] as const)
            expect(await write(one, held)).toBe(true)
          expect(await store.find('Session', id)).toMatchObject({
            state: { secret: 's', nested: [null, { deep: null }] },
            loginTs: 2,
            amr: ['pwd', 'otp'],
            device: { address: '1' },
            authorizations: { app: { sid: 'app' } },
          })
        })

        test('what one takes out, another’s save does not put back', async () => {
          const { id } = await begin({
            state: { secret: 's' },
            authorizations: { app: { sid: '1' }, web: { sid: '2' } },
          })
          const [removes, saves] = [await read(store, id), await read(other, id)]
          delete removes.payload.state
          removes.payload.authorizations = { web: { sid: '2' } }
          authorize(saves, 'spa')
          expect(await write(store, removes)).toBe(true)
          expect(await write(other, saves)).toBe(true)
          const left = await store.find('Session', id)
          expect(left).not.toHaveProperty('state')
          expect(left?.authorizations).toEqual({ web: { sid: '2' }, spa: { sid: 'spa' } })
        })

        test('what one takes out and another changes is as the later of both has it', async () => {
          const { id } = await begin({ state: { secret: 's' }, authorizations: { app: { sid: '1' } } })
          const [removes, changes] = [await read(store, id), await read(other, id)]
          removes.payload.state = undefined
          removes.payload.authorizations = {}
          changes.payload.state = { secret: 'new' }
          authorize(changes, 'app', { sid: '1', grantId: 'g' })
          await write(store, removes)
          await write(other, changes)
          expect(await store.find('Session', id)).toMatchObject({
            state: { secret: 'new' },
            authorizations: { app: { sid: '1', grantId: 'g' } },
          })
        })

        test('a sign-in moves the session to a new id, with what other requests save in between and afterwards', async () => {
          const { id, uid } = await begin({ authorizations: { app: { sid: '1' } } })
          const [signsIn, before, after] = [
            await read(store, id),
            await read(other, id),
            await read(other, id),
          ]
          authorize(before, 'web')
          authorize(after, 'spa')
          expect(await write(other, before)).toBe(true)
          signsIn.id = newId()
          signsIn.payload.loginTs = 9
          expect(await write(store, signsIn)).toBe(true)
          // Saved, but the browser must not be sent back to the old id.
          expect(await write(other, after)).toBe(false)
          expect(await store.find('Session', id)).toBeUndefined()
          expect(await store.find('Session', signsIn.id)).toMatchObject({
            jti: signsIn.id,
            uid,
            loginTs: 9,
            authorizations: { app: { sid: '1' }, web: { sid: 'web' }, spa: { sid: 'spa' } },
          })
          expect(await store.findByUid('Session', uid)).toMatchObject({ loginTs: 9 })
        })

        test('one that has changed nothing lasts longer, and keeps what others saved in between', async () => {
          const { id, uid } = await begin({ authorizations: { app: { sid: '1' } } })
          const [mine, theirs, alone] = [await read(store, id), await read(other, id), await read(store, id)]
          theirs.payload.loginTs = 2
          authorize(theirs, 'web')
          expect(await write(other, theirs)).toBe(true)
          expect(await write(store, mine, 90)).toBe(true)
          const found = { loginTs: 2, authorizations: { app: { sid: '1' }, web: { sid: 'web' } } }
          expect(await store.find('Session', id)).toMatchObject({ ...found, exp: seconds + 90 })
          const unit = {
            store: [],
            session: {
              id,
              payload: { ...alone.payload, exp: seconds + 120 },
              ttl: 120,
              asRead: alone.asRead,
            },
          }
          expect(await other.commit(unit)).toEqual({ used: true, saved: true })
          expect(await store.find('Session', id)).toMatchObject({ ...found, exp: seconds + 120 })
          // Under a new id, without a change of its own.
          const moved = await read(store, id)
          moved.id = newId()
          expect(await write(store, moved, 150)).toBe(true)
          expect(await store.find('Session', id)).toBeUndefined()
          expect(await store.find('Session', moved.id)).toMatchObject({ ...found, exp: seconds + 150 })
          // Saved, but under another id than the browser has.
          expect(await other.commit(unit)).toEqual({ used: true, saved: false })
          const last = await read(store, moved.id)
          await store.endSession(uid)
          expect(await write(store, last)).toBe(false)
          expect(await store.find('Session', moved.id)).toBeUndefined()
        })

        test('of two that sign in at once one gives its id, and what both did stays', async () => {
          const { id } = await begin()
          const pair = [await read(store, id), await read(other, id)]
          for (const [index, held] of pair.entries()) {
            held.id = newId()
            held.payload.loginTs = 9
            authorize(held, `app${index}`)
          }
          const won = await Promise.all(pair.map((held, index) => write(either(index), held)))
          expect(won.filter(Boolean)).toHaveLength(1)
          const [winner, loser] = won[0] ? [pair[0], pair[1]] : [pair[1], pair[0]]
          expect(
            Object.keys((await store.find('Session', winner?.id ?? ''))?.authorizations ?? {}).toSorted(),
          ).toEqual(['app0', 'app1'])
          expect(await store.find('Session', loser?.id ?? '')).toBeUndefined()
        })

        test('nobody’s session becomes the one’s who signs in first; another person who read it then saves nothing', async () => {
          const { id } = await begin({ accountId: undefined, loginTs: undefined })
          const [victim, attacker, stranger] = [
            await read(store, id),
            await read(other, id),
            await read(other, id),
          ]
          for (const [held, account] of [
            [victim, 'victim'],
            [attacker, 'attacker'],
          ] as const) {
            held.id = newId()
            held.payload.accountId = account
          }
          stranger.payload.state = { secret: 'planted' }
          expect(await write(store, victim)).toBe(true)
          expect(await write(other, attacker)).toBe(false)
          expect(await write(other, stranger)).toBe(false)
          expect(await store.find('Session', attacker.id)).toBeUndefined()
          const signedIn = await store.find('Session', victim.id)
          expect(signedIn).toMatchObject({ accountId: 'victim' })
          expect(signedIn).not.toHaveProperty('state')
          expect(await store.listByAccount('Session', 'victim')).toHaveLength(1)
        })

        test('an older save does not shorten the life that a sign-in gave it; alone it may', async () => {
          const { id } = await begin()
          const [longer, shorter] = [await read(store, id), await read(other, id)]
          await write(store, longer, 3600)
          await write(other, shorter, 5)
          pass(10)
          expect(await store.find('Session', id)).toMatchObject({ exp: start + 3600 })
          await write(store, await read(store, id), 5)
          pass(5)
          expect(await store.find('Session', id)).toBeUndefined()
        })

        test('one that was ended stays ended, whatever was in hand: saves, and a sign-in under a new id', async () => {
          for (const end of [
            (id: string, _uid: string) => store.destroy('Session', id),
            (_id: string, uid: string) => store.endSession(uid),
            (_id: string, uid: string) => store.revokeSession('a', uid),
            () => store.revokeByAccount('a'),
          ]) {
            const { id, uid } = await begin()
            const [saves, signsIn] = [await read(other, id), await read(other, id)]
            await end(id, uid)
            authorize(saves, LATE)
            signsIn.id = newId()
            expect(await write(other, saves)).toBe(false)
            expect(await write(other, signsIn)).toBe(false)
            for (const each of [id, signsIn.id]) expect(await store.find('Session', each)).toBeUndefined()
            expect(await store.findByUid('Session', uid)).toBeUndefined()
          }
          expect(await store.listByAccount('Session', 'a')).toEqual([])
          expect(await opened.dump()).not.toContain(LATE)
        })

        test('is ended under whatever id it has by now', async () => {
          const { id, uid } = await begin()
          const [signsOut, signsIn] = [await read(store, id), await read(other, id)]
          signsIn.id = newId()
          expect(await write(other, signsIn)).toBe(true)
          await store.endSession(String(signsOut.payload.uid))
          expect(await store.find('Session', signsIn.id)).toBeUndefined()
          expect(await store.findByUid('Session', uid)).toBeUndefined()
        })

        test('sign-out, sign-in and five authorizations at once: all is kept, or all is over', async () => {
          for (let round = 0; round < 20; round += 1) {
            const { id, uid } = await begin({ state: { secret: 's' } })
            const signsIn = await read(store, id)
            signsIn.id = newId()
            signsIn.payload.loginTs = 9
            const tabs = await Promise.all(
              Array.from({ length: 5 }, async (_, index) => {
                const held = await read(either(index), id)
                authorize(held, `app${index}`)
                return held
              }),
            )
            const signsOut = round % 2 === 1
            const acts: (() => Promise<unknown>)[] = tabs.map(
              (held, index) => () => write(either(index), held),
            )
            acts.splice(round % 6, 0, () => write(other, signsIn))
            if (signsOut) acts.splice((round * 5) % 7, 0, () => other.endSession(uid))
            await Promise.all(acts.map((act) => act()))
            const left = await store.find('Session', signsIn.id)
            expect(await store.find('Session', id)).toBeUndefined()
            if (signsOut) {
              expect(left).toBeUndefined()
              expect(await store.findByUid('Session', uid)).toBeUndefined()
            } else {
              expect(left).toMatchObject({ loginTs: 9, state: { secret: 's' } })
              expect(Object.keys(left?.authorizations ?? {}).toSorted()).toEqual(
                Array.from({ length: 5 }, (_, index) => `app${index}`),
              )
            }
          }
        })

        test.each(['a\0b', 'a\uD83Db', 'a\\u0000b', `'"\\\n$1?`, '~json'])(
          'changes may hold any text (%j)',
          async (text) => {
            const { id } = await begin({ upstream: { '~json': text } })
            const [one, two] = [await read(store, id), await read(other, id)]
            one.payload.state = { secret: text, [text.slice(0, 50)]: [text] }
            authorize(two, 'app', { sid: text })
            expect(await write(store, one)).toBe(true)
            expect(await write(other, two)).toBe(true)
            expect(await store.find('Session', id)).toMatchObject({
              state: one.payload.state,
              authorizations: { app: { sid: text } },
              upstream: { '~json': text },
            })
          },
        )
      })

      test('tombstones are cleaned up when the session would have expired', async () => {
        const id = newId()
        await save(store, id, {})
        await store.destroy('Session', id)
        expect(await store.sweep(10)).toBe(0)
        pass(121)
        expect(await store.sweep(10)).toBe(1)
      })
    })

    describe('revocation', () => {
      /** A session with a grant per client, and a code, tokens and the grant itself on each. */
      const signIn = async (
        accountId: string,
        uid: string,
        clients: string[],
      ): Promise<Map<string, string>> => {
        const ids = new Map<string, string>()
        const keep = async (label: string, model: string, payload: object, id = newId()) => {
          ids.set(label, `${model} ${id}`)
          await store.upsert(model, id, { jti: id, ...payload }, 3600)
        }
        const grants = clients.map((clientId) => [clientId, `grant-${uid}-${clientId}-${newId()}`] as const)
        const authorizations = Object.fromEntries(
          grants.map(([clientId, grantId]) => [clientId, { grantId }]),
        )
        await keep('session', 'Session', { uid, accountId, authorizations })
        for (const [clientId, grantId] of grants) {
          await keep(`${clientId} grant`, 'Grant', { accountId, clientId }, grantId)
          for (const model of ['AuthorizationCode', 'AccessToken', 'RefreshToken']) {
            await keep(`${clientId} ${model}`, model, { accountId, clientId, grantId })
          }
          await keep(`${clientId} consent`, 'Consent', { accountId, clientId })
        }
        return ids
      }
      const left = async (ids: Map<string, string>): Promise<string[]> => {
        const found: string[] = []
        for (const [label, key] of ids) {
          const [model = '', id = ''] = key.split(' ')
          if ((await store.find(model, id)) !== undefined) found.push(label)
        }
        return found
      }
      const consents = (...clients: string[]) => clients.map((client) => `${client} consent`)

      test('by grant: one model, one grant', async () => {
        const [kept, revoked, refresh] = [newId(), newId(), newId()]
        await store.upsert('AccessToken', kept, { grantId: 'g1' }, 60)
        await store.upsert('AccessToken', revoked, { grantId: 'g2' }, 60)
        await store.upsert('RefreshToken', refresh, { grantId: 'g2' }, 60)
        await store.revokeByGrantId('AccessToken', 'g2')
        expect(await store.find('AccessToken', revoked)).toBeUndefined()
        expect(await store.find('AccessToken', kept)).toBeDefined()
        expect(await store.find('RefreshToken', refresh)).toBeDefined()
      })

      test('by account: everything but remembered consents, and nothing of others', async () => {
        const mine = await signIn('a', 'u1', ['app', 'web'])
        const theirs = await signIn('b', 'u2', ['app'])
        await store.revokeByAccount('a')
        expect(await left(mine)).toEqual(consents('app', 'web'))
        expect(await left(theirs)).toEqual([...theirs.keys()])
      })

      test('of a deleted account nothing is left, and everything of others', async () => {
        const mine = await signIn('a', 'u1', ['app', 'web'])
        const theirs = await signIn('b', 'u2', ['app'])
        await store.revokeByAccount('a')
        await store.forgetConsents('a')
        expect(await left(mine)).toEqual([])
        expect(await left(theirs)).toEqual([...theirs.keys()])
        expect(await opened.dump()).not.toMatch(/"accountId":"a"/)
      })

      test('by account except one session: it and its grants stay', async () => {
        const here = await signIn('a', 'here', ['app'])
        const there = await signIn('a', 'there', ['app', 'web'])
        await store.revokeByAccount('a', { exceptSessionUid: 'here' })
        expect(await left(here)).toEqual([...here.keys()])
        expect(await left(there)).toEqual(consents('app', 'web'))
      })

      test('a session that is carried over, and its grants, get another generation; nothing else does', async () => {
        const here = await signIn('a', 'carried', ['app'])
        const others = [await signIn('a', 'other', ['app']), await signIn('b', 'stranger', ['app'])]
        const labels = await left(here)
        await store.carryOver('a', 'carried', 7)
        await store.carryOver('b', 'carried', 9)
        expect(await left(here)).toEqual(labels)
        const generations = async (account: string, model: string) =>
          (await store.listByAccount(model, account)).map(({ payload }) => payload.generation)
        expect((await generations('a', 'Session')).filter((each) => each === 7)).toHaveLength(1)
        expect((await generations('a', 'Grant')).filter((each) => each === 7)).toHaveLength(1)
        expect(await store.findByUid('Session', 'carried')).toMatchObject({ generation: 7 })
        for (const each of others) expect(await left(each)).toEqual([...each.keys()])
        expect(await generations('b', 'Session')).not.toContain(9)
      })

      test('a session of another account saves nothing', async () => {
        const mine = await signIn('a', 'u1', ['app'])
        await signIn('b', 'u2', ['app'])
        await store.revokeByAccount('a', { exceptSessionUid: 'u2' })
        expect(await left(mine)).toEqual(consents('app'))
      })

      test('by account and client: the session stays', async () => {
        const mine = await signIn('a', 'u1', ['app', 'web'])
        await store.revokeByAccount('a', { clientId: 'app' })
        const stays = [...mine.keys()].filter((label) => !label.startsWith('app') || label === 'app consent')
        expect(await left(mine)).toEqual(stays)
      })

      test('what a client has is counted up to a bound, with the accounts, and without what expired or was used', async () => {
        const id = `counted-${newId()}`
        const code = newId()
        for (const accountId of ['a', 'a', 'b'])
          await store.upsert('Consent', newId(), { accountId, clientId: id }, undefined)
        await store.upsert('Grant', newId(), { accountId: 'a', clientId: id }, 60)
        await store.upsert('Grant', newId(), { accountId: 'a', clientId: id }, 0)
        await store.upsert('DeviceCode', code, { clientId: id }, 60)
        await store.consume('DeviceCode', code)
        expect(await store.countByClient(id, 'Consent', 10)).toEqual({ count: 3, accounts: 2 })
        expect(await store.countByClient(id, 'Consent', 2)).toMatchObject({ count: 2 })
        expect(await store.countByClient(id, 'Grant', 10)).toEqual({ count: 1, accounts: 1 })
        expect(await store.countByClient(id, 'DeviceCode', 10)).toEqual({ count: 0, accounts: 0 })
        expect(await store.countByClient('nobody', 'Grant', 10)).toEqual({ count: 0, accounts: 0 })
      })

      test('by client: its artefacts of every account, a batch at a time, the Grants after what hangs on them', async () => {
        const mine = await signIn('a', 'u1', ['app', 'web'])
        const theirs = await signIn('b', 'u2', ['app'])
        const kept = [...mine.keys()].filter((label) => !label.startsWith('app'))
        const grants = [...mine.keys()].filter((label) => label === 'app grant')
        expect(grants).toHaveLength(1)
        for (let batches = 0; (await store.revokeByClient('app', 2)) > 0; batches++) {
          expect(batches).toBeLessThan(20)
          const found = await left(mine)
          if (found.some((label) => /^app (?!grant|consent)/.test(label)))
            expect(found).toContain('app grant')
        }
        expect(await left(mine)).toEqual(kept)
        expect(await left(theirs)).toEqual(['session'])
        expect(await store.revokeByClient('app', 2)).toBe(0)
      })

      test('two processes that end what a client has share the work', async () => {
        const mine = await signIn('a', 'u1', ['app'])
        for (let n = 0; n < 40; n++) await store.upsert('ClientCredentials', newId(), { clientId: 'app' }, 60)
        const end = async () => {
          while ((await store.revokeByClient('app', 7)) > 0);
        }
        await Promise.all([end(), end(), end()])
        expect(await left(mine)).toEqual(['session'])
        expect(await store.clientsInUse(['app'])).toEqual([])
      })

      test('which clients are in use: those with something live or allowed, whatever expired', async () => {
        await signIn('a', 'u1', ['app', 'o"\\’ther'])
        await store.upsert('AccessToken', newId(), { clientId: 'short' }, 1)
        expect((await store.clientsInUse(['app', 'o"\\’ther', 'short', 'gone'])).toSorted()).toEqual([
          'app',
          'o"\\’ther',
          'short',
        ])
        pass(2)
        expect(await store.clientsInUse(['short', 'gone'])).toEqual([])
        expect(await store.clientsInUse([])).toEqual([])
      })

      test('by session: it and what hangs on its grants', async () => {
        const here = await signIn('a', 'here', ['app'])
        const there = await signIn('a', 'there', ['app', 'web'])
        await store.revokeSession('b', 'there')
        expect(await left(there)).toEqual([...there.keys()])
        await store.revokeSession('a', 'there')
        expect(await left(there)).toEqual(consents('app', 'web'))
        expect(await left(here)).toEqual([...here.keys()])
      })

      test('an account’s list: live ones of one model, newest first, named by hashes', async () => {
        const ids = [newId(), newId(), newId(), newId()]
        for (const [index, id] of ids.entries()) {
          await store.upsert('Session', id, { jti: id, uid: `u${index}`, accountId: 'a', index }, 60 + index)
          pass(1)
        }
        await store.upsert('Grant', newId(), { accountId: 'a' }, 60)
        await store.upsert('Session', newId(), { accountId: 'b' }, 60)
        await store.destroy('Session', ids[1] ?? '')
        const list = await store.listByAccount('Session', 'a')
        expect(list.map(({ payload }) => payload.index)).toEqual([3, 2, 0])
        const newest = createHash('sha256')
          .update(ids[3] ?? '')
          .digest('base64url')
        expect(list[0]).toMatchObject({ id: newest, model: 'Session', expiresAt: start + 3 + 63 })
        expect(JSON.stringify(list)).not.toContain(ids[3])
      })
    })

    test('a stolen copy holds no identifier, no user code and no code that waits in a flow in clear', async () => {
      // That of a Grant is none that opens anything, and what hangs on it names it in clear.
      const models = ['Session', 'AccessToken', 'RefreshToken', 'AuthorizationCode', 'Interaction']
      const ids = await Promise.all(
        models.map(async (model) => {
          const id = newId()
          const returnTo = `https://id.example/auth/${id}`
          await store.upsert(
            model,
            id,
            { jti: id, uid: newId(), accountId: 'a', returnTo, nested: [{ id }] },
            60,
          )
          expect(await store.find(model, id)).toMatchObject({ jti: id, returnTo, nested: [{ id }] })
          return id
        }),
      )
      const [deviceCode, replayed] = [newId(), newId()]
      await store.upsert('DeviceCode', deviceCode, { jti: deviceCode, userCode: 'BDFGHJKM' }, 60)
      await store.insert('ReplayDetection', replayed, { jti: replayed, iss: 'c' }, 60)
      const [flow, pushed] = [newId(), newId()]
      const waiting = { jti: flow, prompt: { name: 'login' }, deviceCode, parJti: pushed }
      await store.upsert('Interaction', flow, waiting, 60)
      expect(await other.find('Interaction', flow)).toEqual(waiting)
      await store.change('Interaction', flow, 60, (before) => ({ ...before, result: {} }))
      expect(await store.find('Interaction', flow)).toEqual({ ...waiting, result: {} })
      const text = await opened.dump()
      expect(text).toContain(createHash('sha256').update(deviceCode).digest('base64url'))
      for (const secret of [...ids, deviceCode, replayed, flow, pushed, 'BDFGHJKM'])
        expect(text).not.toContain(secret)
    })
  })
}
