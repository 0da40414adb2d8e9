import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { Secrets } from '../../shared/secrets.ts'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../shared/signing-algorithms.ts'
import type { KeyLifetimes } from './lifetimes.ts'
import { isKept, isPublished, type KeyState, publishedOf, stateOf } from './states.ts'
import type { KeyStore, StoredKey } from './store.ts'

/**
 * Signing keys: made at first start, sealed at rest, rotated without a restart.
 *
 *   rotate ──► published ──(publishLead)──► signs ──(next rotation)──► published still ──(overlap)──► retired
 *
 * A new key is published before it signs, so that no client meets a `kid` that its cached JWKS does not have; the old one
 * stays published until the last token that it signed has expired. Its public half is kept for longer: an id_token that
 * has expired is still a hint of who is asked for. A key that leaked is withdrawn instead, and nothing of it is kept.
 */
export interface SigningKeySet {
  /** Private JWKs: for each algorithm the signing key first, then those only published. */
  jwks: JWK[]
  /**
   * Public JWKs: every key of ours that is good for checking what we signed (an id_token_hint, a JWT access token), be it
   * published or not. For checks of our own alone; others have the key set at `jwks_uri`.
   */
  accepted: JWK[]
  /** Changes whenever one of them does. */
  version: string
}

export interface SigningKeySummary {
  kid: string
  alg: string
  state: KeyState
  createdAt: number
  activeFrom: number
  /** From when it is no longer published. */
  retiredAt: number | null
  /** Until when its signatures are accepted here; null: as long as it is published. */
  acceptedUntil: number | null
}

export interface SigningKeys {
  /** Makes a key for each algorithm that has none. Processes that start at once end up with the same ones. */
  ensure(): Promise<void>
  /** @throws AppError secret_key_mismatch when the keys were sealed under another secret */
  load(): Promise<SigningKeySet>
  /** The version that `load` would give, without opening any key. */
  version(): Promise<string>
  list(): Promise<SigningKeySummary[]>
  /**
   * Adds a key for each algorithm (or the one named) that takes over after the publish lead; with `now` at once, and
   * the old keys are withdrawn, which ends every token they signed: for a leaked key.
   */
  rotate(options?: { alg?: SigningAlgorithm; now?: boolean }): Promise<SigningKeySummary[]>
  /**
   * Withdraws a key that no longer signs at once, be it published or kept: its signatures are rejected from then on.
   * @throws AppError key_not_found (404), key_signs (409): it signs, or is about to
   */
  retire(kid: string): Promise<SigningKeySummary[]>
  /** Wipes the private halves of keys that are no longer published. Returns of how many. */
  forgetPrivateHalves(): Promise<number>
}

/** `key.retired`: it leaves the key set, now or when `after.published_until` comes. */
export interface KeyEvent {
  type: 'key.created' | 'key.retired'
  kid: string
  alg: string
  /** Times in ISO 8601. */
  after: { signs_from: string } | { published_until: string; accepted_until: string }
}

export interface SigningKeysDependencies {
  store: KeyStore
  /** Told of every change after it is stored. */
  events(event: KeyEvent): void
  secrets: Secrets
  clock: Clock
  lifetimes: KeyLifetimes
}

const kidContext = (kid: string) => `signing-key:${kid}`

async function generate(alg: SigningAlgorithm): Promise<JWK> {
  const options = alg === 'EdDSA' ? { crv: 'Ed25519' } : alg === 'ES256' ? {} : { modulusLength: 2048 }
  const { privateKey } = await generateKeyPair(alg, { ...options, extractable: true })
  return exportJWK(privateKey)
}

/** Of a key of any type (RFC 7518 §6, RFC 8037 §2). */
function publicHalf({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, oth: _oth, ...rest }: JWK): JWK {
  return rest
}

export function createSigningKeys(deps: SigningKeysDependencies): SigningKeys {
  const { store, secrets, clock, events } = deps
  const time = (milliseconds: number) => new Date(milliseconds).toISOString()
  const created = ({ kid, alg, activeFrom }: StoredKey) =>
    events({ type: 'key.created', kid, alg, after: { signs_from: time(activeFrom) } })
  const retire = async ({ kid, alg }: Pick<StoredKey, 'kid' | 'alg'>, at: number, acceptedUntil: number) => {
    await store.retire(kid, { at, acceptedUntil })
    const after = { published_until: time(at), accepted_until: time(acceptedUntil) }
    events({ type: 'key.retired', kid, alg, after })
  }
  /** Nothing of it is kept, also where some was. */
  const withdraw = (key: Pick<StoredKey, 'kid' | 'alg' | 'retiredAt'>) => {
    const at = Math.min(clock(), key.retiredAt ?? Number.POSITIVE_INFINITY)
    return retire(key, at, at)
  }
  const published = (keys: readonly StoredKey[]) => publishedOf(keys, SIGNING_ALGORITHMS, clock())
  const kept = (keys: readonly StoredKey[]) => keys.filter((key) => isKept(key, clock()))
  const open = (key: StoredKey) => JSON.parse(secrets.open(key.sealedJwk, kidContext(key.kid))) as JWK

  const versionOf = (keys: readonly StoredKey[]) =>
    [published(keys), kept(keys)].map((some) => some.map(({ kid }) => kid).join(' ')).join(' | ')

  function summarize(keys: readonly StoredKey[]): SigningKeySummary[] {
    const live = published(keys)
    return keys.map((key) => {
      const { sealedJwk: _, ...summary } = key
      return { ...summary, state: stateOf(key, live, clock()) }
    })
  }

  /** Undefined: it was sealed under another SECRET_KEY, which ends no more than the key itself. */
  function openIfOurs(key: StoredKey): JWK | undefined {
    try {
      return open(key)
    } catch (error) {
      if (error instanceof AppError && error.code === 'secret_key_mismatch') return undefined
      throw error
    }
  }

  async function forgetPrivateHalves(): Promise<number> {
    let forgotten = 0
    for (const key of await store.all()) {
      const jwk = isPublished(key, clock()) ? undefined : openIfOurs(key)
      if (jwk?.d === undefined) continue
      const sealed = secrets.seal(JSON.stringify(publicHalf(jwk)), kidContext(key.kid))
      if (await store.reseal(key.kid, key.sealedJwk, sealed)) forgotten++
    }
    return forgotten
  }

  async function make(alg: SigningAlgorithm, activeFrom: number): Promise<StoredKey> {
    const jwk = await generate(alg)
    const kid = `${alg.toLowerCase()}-${crypto.randomUUID().slice(0, 13)}`
    const sealedJwk = secrets.seal(JSON.stringify({ ...jwk, kid, alg, use: 'sig' }), kidContext(kid))
    return { kid, alg, sealedJwk, createdAt: clock(), activeFrom, retiredAt: null, acceptedUntil: null }
  }

  return {
    async ensure() {
      const present = new Set((await store.all()).map((key) => key.alg))
      for (const alg of SIGNING_ALGORITHMS)
        if (!present.has(alg)) {
          const key = await make(alg, clock())
          if (await store.insertFirst(key)) created(key)
        }
    },
    async load() {
      const keys = await store.all()
      const jwks = published(keys).map(open)
      if (jwks.length === 0)
        throw new AppError('no_signing_keys', 503, 'The server is not ready.', {
          detail: 'no signing key is live',
        })
      const keptJwks = kept(keys)
        .map(openIfOurs)
        .filter((jwk) => jwk !== undefined)
      return { jwks, accepted: [...jwks, ...keptJwks].map(publicHalf), version: versionOf(keys) }
    },
    version: async () => versionOf(await store.all()),
    list: async () => summarize(await store.all()),
    async rotate({ alg, now = false } = {}) {
      const before = await store.all()
      const overlap = Math.max(deps.lifetimes.overlap, await deps.lifetimes.longestTokenLife())
      const activeFrom = clock() + (now ? 0 : deps.lifetimes.publishLead)
      for (const each of alg ? [alg] : SIGNING_ALGORITHMS) {
        const key = await make(each, activeFrom)
        await store.insert(key)
        created(key)
        const mine = before.filter((old) => old.alg === each)
        // At once means all of them: a key that an earlier rotation left published, or kept, may be the one that leaked.
        if (now) for (const old of [...published(mine), ...kept(mine)]) await withdraw(old)
        const at = activeFrom + overlap
        if (!now)
          for (const old of mine.filter(({ retiredAt }) => retiredAt === null))
            await retire(old, at, at + deps.lifetimes.retention)
      }
      if (now) await forgetPrivateHalves()
      return summarize(await store.all())
    },
    async retire(kid) {
      const before = summarize(await store.all())
      const key = before.find((each) => each.kid === kid)
      if (!key) throw new AppError('key_not_found', 404, message('admin.keys.no_such'))
      if (key.state === 'signing') {
        throw new AppError('key_signs', 409, message('admin.keys.signs', { alg: key.alg }))
      }
      // The one before it is on its way out already: without both, nothing would sign.
      if (key.state === 'pending') {
        throw new AppError('key_signs', 409, message('admin.keys.about_to_sign', { alg: key.alg }))
      }
      if (key.state === 'published' || (key.acceptedUntil ?? 0) > clock()) {
        await withdraw(key)
        await forgetPrivateHalves()
      }
      return summarize(await store.all())
    },
    forgetPrivateHalves,
  }
}
