import type { FastifyBaseLogger } from 'fastify'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { BoundedMap } from '../../shared/bounded-map.ts'
import type { Clock } from '../../shared/clock.ts'
import { impersonationOf } from '../../shared/impersonation.ts'
import { isoDay } from '../../shared/moment.ts'
import { deviceOf } from '../sessions/details.ts'
import { FIRST_PARTY_ID } from '../tokens/first-party-client.ts'
import type { LastUses } from './last-uses.ts'
import type { UsageStore } from './usage-store.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** How long usage is kept, in days. */
const RETENTION = 400
/** Pairs that were written lately, so that they are not written again. */
const MAX_ENTRIES = 10_000

/** Headers of JWS: one for each key, type of token and algorithm. */
const MAX_HEADERS = 100
const kids = new BoundedMap<string, string | undefined>(MAX_HEADERS)

/** The `kid` in the header of a JWS, undefined for any other value. Nothing is verified: this server has just signed it. */
function kidOf(token: unknown): string | undefined {
  if (typeof token !== 'string' || !token.startsWith('eyJ')) return undefined
  const header = token.slice(0, token.indexOf('.'))
  if (!kids.has(header)) kids.set(header, kidIn(header))
  return kids.get(header)
}

function kidIn(encoded: string): string | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString())
    return typeof header === 'object' && header !== null && 'kid' in header ? String(header.kid) : undefined
  } catch {
    return undefined
  }
}

export interface Usage {
  /** Listens to what a provider issues. */
  attach(provider: Provider): void
  /** Waits for what is being written. */
  close(): Promise<void>
}

/**
 * Remembers which clients are in use and which keys sign for them, to the hour: enough to see which client would notice that a
 * key is retired. Written behind the responses, and never in their way.
 */
export function createUsage(deps: {
  store: UsageStore
  lastUses: Pick<LastUses, 'note'>
  clock: Clock
  log: Pick<FastifyBaseLogger, 'warn'>
}): Usage {
  const { store, lastUses, clock, log } = deps
  const written = new BoundedMap<string, number>(MAX_ENTRIES)
  let today = { number: Number.NaN, day: '' }

  /** Runs `write` unless the same was written within `every` milliseconds. */
  function once(key: string, every: number, write: () => Promise<void>): void {
    const now = clock()
    if ((written.get(key) ?? Number.NEGATIVE_INFINITY) > now - every) return
    written.set(key, now)
    write().catch((err: unknown) => {
      written.delete(key)
      log.warn({ err }, 'usage was not recorded')
    })
  }

  function dayOf(time: number): string {
    const number = Math.floor(time / DAY)
    if (today.number !== number) today = { number, day: isoDay(time) }
    return today.day
  }

  function issued(ctx: KoaContextWithOIDC): void {
    const { client, account } = ctx.oidc
    const clientId = client?.clientId
    if (clientId === undefined) return
    // Our own apps are shown to nobody: people have allowed them nothing.
    const own = impersonationOf(ctx.oidc.entities.Grant) === undefined
    if (account && own && clientId !== FIRST_PARTY_ID && client?.first_party !== true)
      lastUses.note({ accountId: account.accountId, kind: 'app', subject: clientId })
    const day = dayOf(clock())
    once(`client\0${clientId}\0${day}`, DAY, () => store.clientUsed(day, clientId))
    const body = ctx.body as { id_token?: unknown; access_token?: unknown } | undefined
    for (const kid of new Set([kidOf(body?.id_token), kidOf(body?.access_token)]))
      if (kid !== undefined)
        once(`key\0${kid}\0${clientId}`, HOUR, () => store.keyUsed(kid, clientId, new Date(clock())))
  }

  /** A browser's session was used to sign in to an app. */
  function authorized(ctx: KoaContextWithOIDC): void {
    const { accountId, uid, loginTs = 0 } = ctx.oidc.session ?? {}
    if (accountId === undefined || uid === undefined || impersonationOf(ctx.oidc.session)) return
    const { address } = deviceOf(ctx.req)
    lastUses.note({ accountId, kind: 'session', subject: uid, address }, loginTs * 1000)
  }

  return {
    attach(provider) {
      provider.on('grant.success', issued)
      provider.on('authorization.success', authorized)
    },
    close: () => store.idle(),
  }
}

/** A job that deletes usage after its retention. */
export const forgetUsage = (store: UsageStore, clock: Clock) => () => {
  const at = new Date(clock() - RETENTION * DAY)
  return store.forget({ day: isoDay(at.getTime()), at })
}
