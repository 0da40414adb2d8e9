import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Secrets } from '../secrets.ts'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../signing-algorithms.ts'
import type { KeyStore, StoredKey } from './key-store.ts'

/**
 * Signing keys: made at first start, sealed at rest, rotated without a restart.
 *
 *   rotate ──► published ──(publishLead)──► signs ──(next rotation)──► published still ──(overlap)──► retired
 *
 * A new key is published before it signs, so that nobody meets a kid that their cached JWKS does not have; the old one
 * stays published until the last token that it signed has expired.
 */
export interface SigningKeySet {
  /** Private JWKs: for each algorithm the signing key first, then those only published. */
  jwks: JWK[]
  /** Changes whenever `jwks` does. */
  version: string
}

export interface SigningKeySummary {
  kid: string
  alg: string
  state: 'pending' | 'signing' | 'published' | 'retired'
  createdAt: number
  activeFrom: number
  retiredAt: number | null
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
   * Withdraws a key that no longer signs at once: what it signed is refused from then on.
   * @throws AppError key_not_found (404), key_signs (409): it signs, or is about to
   */
  retire(kid: string): Promise<SigningKeySummary[]>
}

/** `key.retired`: it is withdrawn, now or when `after.published_until` comes. */
export interface KeyEvent {
  type: 'key.created' | 'key.retired'
  kid: string
  alg: string
  /** Times in ISO 8601. */
  after: { signs_from: string } | { published_until: string }
}

export interface SigningKeysDependencies {
  store: KeyStore
  /** Told of every change after it is stored. */
  events(event: KeyEvent): void
  secrets: Secrets
  clock: Clock
  /** Milliseconds between publishing a key and signing with it. */
  publishLead: number
  /** Milliseconds that a superseded key stays published: the longest life of what it signed. */
  overlap: number
}

const kidContext = (kid: string) => `signing-key:${kid}`

async function generate(alg: SigningAlgorithm): Promise<JWK> {
  const options = alg === 'EdDSA' ? { crv: 'Ed25519' } : alg === 'ES256' ? {} : { modulusLength: 2048 }
  const { privateKey } = await generateKeyPair(alg, { ...options, extractable: true })
  return exportJWK(privateKey)
}

export function createSigningKeys(deps: SigningKeysDependencies): SigningKeys {
  const { store, secrets, clock, events } = deps
  const time = (milliseconds: number) => new Date(milliseconds).toISOString()
  const created = ({ kid, alg, activeFrom }: StoredKey) =>
    events({ type: 'key.created', kid, alg, after: { signs_from: time(activeFrom) } })
  const retire = async (keys: readonly Pick<StoredKey, 'kid' | 'alg'>[], at: number) => {
    await store.retire(
      keys.map(({ kid }) => kid),
      at,
    )
    for (const { kid, alg } of keys)
      events({ type: 'key.retired', kid, alg, after: { published_until: time(at) } })
  }

  /** Live keys in the order in which the library picks: for each algorithm the newest that is due, then the others. */
  function ordered(keys: readonly StoredKey[]): StoredKey[] {
    const now = clock()
    const live = keys.filter((key) => key.retiredAt === null || key.retiredAt > now)
    return SIGNING_ALGORITHMS.flatMap((alg) => {
      const mine = live
        .filter((key) => key.alg === alg)
        .sort((a, b) => b.activeFrom - a.activeFrom || b.kid.localeCompare(a.kid))
      const signing = mine.find((key) => key.activeFrom <= now) ?? mine.at(-1)
      return signing ? [signing, ...mine.filter((key) => key !== signing)] : []
    })
  }

  const versionOf = (keys: readonly StoredKey[]) =>
    ordered(keys)
      .map((key) => key.kid)
      .join(' ')

  function summarize(keys: readonly StoredKey[]): SigningKeySummary[] {
    const now = clock()
    const live = ordered(keys)
    const state = ({ kid, alg, activeFrom }: StoredKey) => {
      if (!live.some((key) => key.kid === kid)) return 'retired'
      if (live.find((key) => key.alg === alg)?.kid === kid) return 'signing'
      return activeFrom > now ? 'pending' : 'published'
    }
    return keys.map((key) => {
      const { sealedJwk: _, ...summary } = key
      return { ...summary, state: state(key) }
    })
  }

  async function make(alg: SigningAlgorithm, activeFrom: number): Promise<StoredKey> {
    const jwk = await generate(alg)
    const kid = `${alg.toLowerCase()}-${crypto.randomUUID().slice(0, 13)}`
    const sealedJwk = secrets.seal(JSON.stringify({ ...jwk, kid, alg, use: 'sig' }), kidContext(kid))
    return { kid, alg, sealedJwk, createdAt: clock(), activeFrom, retiredAt: null }
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
      const jwks = ordered(keys).map(
        (key) => JSON.parse(secrets.open(key.sealedJwk, kidContext(key.kid))) as JWK,
      )
      if (jwks.length === 0)
        throw new AppError('no_signing_keys', 503, 'The server is not ready.', {
          detail: 'no signing key is live',
        })
      return { jwks, version: versionOf(keys) }
    },
    version: async () => versionOf(await store.all()),
    list: async () => summarize(await store.all()),
    async rotate({ alg, now = false } = {}) {
      const before = await store.all()
      const activeFrom = clock() + (now ? 0 : deps.publishLead)
      for (const each of alg ? [alg] : SIGNING_ALGORITHMS) {
        const key = await make(each, activeFrom)
        await store.insert(key)
        created(key)
        const retiredAt = now ? clock() : activeFrom + deps.overlap
        // At once means all of them: a key that an earlier rotation left published may be the one that leaked.
        const superseded = before.filter(
          (key) => key.alg === each && (key.retiredAt === null || (now && key.retiredAt > retiredAt)),
        )
        await retire(superseded, retiredAt)
      }
      return summarize(await store.all())
    },
    async retire(kid) {
      const before = summarize(await store.all())
      const key = before.find((each) => each.kid === kid)
      if (!key) throw new AppError('key_not_found', 404, 'There is no key with this id.')
      if (key.state === 'signing') {
        throw new AppError(
          'key_signs',
          409,
          `This key signs now. Rotate ${key.alg} first, with “at once” if it has leaked.`,
        )
      }
      // The one before it is on its way out already: without both, nothing would sign.
      if (key.state === 'pending') {
        throw new AppError(
          'key_signs',
          409,
          `This key is about to sign. If it has leaked, rotate ${key.alg} with “at once”.`,
        )
      }
      if (key.state !== 'retired') await retire([key], clock())
      return summarize(await store.all())
    },
  }
}
