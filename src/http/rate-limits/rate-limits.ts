import type { IncomingMessage } from 'node:http'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import {
  type LimitName,
  type Limits,
  type limits as numbers,
  RETURNED,
  type Rule,
  SHARED,
} from '../../shared/limits.ts'
import { message } from '../../shared/locales/texts.ts'
import type { KnownDevices } from '../cookies/known-devices.ts'
import { accountNameKey } from '../pages/account-name.ts'
import { createTurns, type Turns } from '../turns.ts'
import type { Counters, Taken } from './counters.ts'

type AccountLimit = {
  [Name in LimitName]: 'account' extends (typeof numbers)[Name][number]['per'] ? Name : never
}[LimitName]

/**
 * What an address is counted under: IPv4 as it is, also when mapped into IPv6; of IPv6 the /64, which is what one
 * household gets.
 */
export const addressKey = (ip: string | undefined): string => rateLimit.normalizeIP(ip ?? '', 64)

/** As much of a request and its reply as counting by address needs. */
type Counted = Pick<FastifyRequest, 'raw' | 'ip'>
interface CountedReply extends Pick<FastifyReply, 'raw'> {
  header(name: string, value: string | number): unknown
  getHeader(name: string): unknown
}

/** Route options that put a route under a limit. */
export interface LimitHooks {
  onRequest?: ((request: FastifyRequest, reply: FastifyReply) => Promise<void>)[]
  preHandler?: ((request: FastifyRequest, reply: FastifyReply) => Promise<void>)[]
}

/**
 * The limit of a route. One that counts by account too is told the field of the body that names the account on this
 * route, so that no other field can stand in for it; null: none does (see `nameAccount` and `countForAccount`).
 */
export interface Limit {
  (name: Exclude<LimitName, AccountLimit>): LimitHooks
  (name: AccountLimit, accountField: string | null): LimitHooks
}

/** Counts a client that failed to authenticate, by its address and id. `allowed` false: it does so all the time. */
export type CountFailure = (
  request: Pick<FastifyRequest, 'ip'>,
  clientId: string,
) => Promise<{ allowed: boolean; left: number }>

export interface RateLimitOptions {
  /** This and the numbers are read at each request. */
  readonly enabled: boolean
  limits: Limits
  devices: Pick<KnownDevices, 'of' | 'named'>
  /** Of this process. */
  local: Counters
  /** Of all processes, where there is such a thing. */
  shared: Counters
}

/**
 * Counts requests. Gives `limit(name)`: the hooks to spread into a route's options.
 *
 *   request ─> counted by address ─> body ─> counted by account ─> work ─> right? `giveBack` : it stays counted
 *
 * A browser that has signed in to the account before is counted by itself, under the number for an account: what
 * other browsers do is not its fault. A browser that says that it has is counted once the account is known. Where a person
 * is signed in already, the account has one count for all its browsers (`countForAccount`).
 */
export function registerRateLimits(
  app: FastifyInstance,
  options: RateLimitOptions,
): { limit: Limit; countFailure: CountFailure } {
  const { limits, devices, local, shared } = options

  const countersOf = (name: LimitName): Counters => (SHARED.has(name) ? shared : local)
  const turns: Turns = createTurns()
  app.addHook('onResponse', (request, _reply, done) => {
    if (charges.has(request.raw)) settle(request, 0).then(() => done(), done)
    else done()
  })

  const takeTurn = async (
    request: Counted,
    reply: CountedReply,
    name: LimitName,
    rule: Rule,
    key: string,
  ): Promise<Taken> => {
    const counters = countersOf(name)
    const take = () => counters.take(key, rule)
    if (!RETURNED.has(name)) return take()
    const taken = await turns.take(key, take)
    if (!taken.allowed) return taken
    charges.set(request.raw, [
      ...(charges.get(request.raw) ?? []),
      async (returned) => {
        try {
          for (let n = 0; n < returned; n++) await counters.giveBack(key, taken.window)
        } finally {
          turns.end(key, returned > 0)
        }
      },
    ])
    // Also when the connection is lost, and for answers that are not written by Fastify.
    const ended = () => void settle(request, 0)
    if (reply.raw.closed) ended()
    else reply.raw.once('close', ended)
    return taken
  }

  const count = async (
    { name, rule }: { name: LimitName; rule: Rule },
    request: Counted,
    reply: CountedReply,
    key: string,
  ): Promise<void> => {
    if (!options.enabled) return
    const taken = await takeTurn(request, reply, name, rule, `${name}:${rule.per}:${key}`)
    const seconds = Math.ceil(taken.left / 1000)
    announce(reply, { max: rule.max, remaining: Math.max(0, rule.max - taken.count), seconds })
    if (!taken.allowed) throw tooMany(name, seconds)
  }

  const limit = (name: LimitName, accountField: string | null = null): LimitHooks => {
    const byAddress = countByAddress(name)
    const hooks = hooksOf(name, accountField, byAddress)
    beforeRoutes.set(hooks, {
      name,
      byAddressAlone: hooks.preHandler === undefined,
      count: byAddress,
    })
    return hooks
  }

  const countByAddress = (name: LimitName) => {
    const rules = limits[name].filter((rule) => rule.per === 'address').map((rule) => ({ name, rule }))
    return async (request: Counted, reply: CountedReply): Promise<void> => {
      const counted = early.get(request.raw)?.get(name)
      if (counted?.refused) throw counted.refused
      if (counted) return
      for (const rule of rules) await count(rule, request, reply, addressKey(request.ip))
    }
  }

  const hooksOf = (
    name: LimitName,
    accountField: string | null,
    byAddress: ReturnType<typeof countByAddress>,
  ): LimitHooks => {
    const account = limits[name].filter((rule) => rule.per === 'account').map((rule) => ({ name, rule }))
    if (account.length === 0) return { onRequest: [byAddress] }
    const byAccount = async (request: FastifyRequest, reply: FastifyReply, key: string) => {
      for (const rule of account) await count(rule, request, reply, key)
    }
    const late = (request: FastifyRequest) => devices.of(request).length > 0
    return {
      onRequest: [
        async (request, reply) => {
          if (!late(request)) await byAddress(request, reply)
        },
      ],
      preHandler: [
        async (request, reply) => {
          const own = signedIn.get(request)
          if (own !== undefined) {
            const known = devices.of(request).some(({ accountId }) => accountId === own)
            if (late(request) && !known) await byAddress(request, reply)
            return byAccount(request, reply, accountNameKey(own))
          }
          const typed = accountOf(request, accountField)
          const device = typed === undefined ? undefined : devices.named(request, typed)
          if (device) return byAccount(request, reply, `device:${device.id}`)
          if (late(request)) await byAddress(request, reply)
          if (typed !== undefined) await byAccount(request, reply, accountNameKey(typed))
        },
      ],
    }
  }

  const countFailure: CountFailure = async (request, clientId) => {
    const key = `failingClient:${addressKey(request.ip)}:${accountNameKey(clientId)}`
    for (const rule of options.enabled ? limits.failingClient : []) {
      const taken = await countersOf('failingClient').take(key, rule)
      if (!taken.allowed) return taken
    }
    return { allowed: true, left: 0 }
  }
  return { limit, countFailure }
}

/** The limits that requests were counted under before their route counts them, which refuses the ones that were refused. */
const early = new WeakMap<IncomingMessage, Map<LimitName, { refused?: unknown }>>()

/** What counts a request under the limit of a route before it gets there. */
const beforeRoutes = new WeakMap<
  LimitHooks,
  {
    name: LimitName
    byAddressAlone: boolean
    count(request: Counted, reply: CountedReply): Promise<void>
  }
>()

/** Counts a request under the limit of its route before it gets there. @throws AppError rate_limited (429) */
export type CountEarly = (request: Counted, reply: CountedReply) => Promise<void>

/** @throws Error for a limit that counts by account too, which is known after the body and the session */
export function countingEarly(hooks: LimitHooks): CountEarly {
  const before = beforeRoutes.get(hooks)
  if (before === undefined) throw new Error('a limit of no route')
  if (!before.byAddressAlone) throw new Error(`the limit ${before.name} counts by account too`)
  return async (request, reply) => {
    const counted: { refused?: unknown } = {}
    try {
      await before.count(request, reply)
    } catch (error) {
      counted.refused = error
      throw error
    } finally {
      const { raw } = request
      early.set(raw, (early.get(raw) ?? new Map()).set(before.name, counted))
    }
  }
}

/** What a request is counted under, to be ended once: with the count given back, or with it kept. */
const charges = new WeakMap<IncomingMessage, ((returned: number) => Promise<void>)[]>()

async function settle({ raw }: Pick<FastifyRequest, 'raw'>, returned: number): Promise<void> {
  const open = charges.get(raw) ?? []
  charges.delete(raw)
  await Promise.all(open.map((charge) => charge(returned)))
}

/**
 * The request did what it should: a right password, a right code. It counts for nothing then, so that a client
 * that does right may go on for as long as it likes.
 * @param requests how many it took, this one included: the ones before it were counted under the same key
 */
export const giveBack = (request: Pick<FastifyRequest, 'raw'>, requests = 1): Promise<void> =>
  settle(request, requests)

const named = new WeakMap<FastifyRequest, string>()

/** Says which account a request tries to sign in to, where no field of its body does (HTTP Basic). */
export const nameAccount = (request: FastifyRequest, identifier: string): void =>
  void named.set(request, identifier)

const signedIn = new WeakMap<FastifyRequest, string>()

/**
 * Says whose session a request comes in, which has been checked. It is counted for this account, in all its browsers
 * together; one that the account is known in is not counted by its address, where a stranger may have used up everything.
 */
export const countForAccount = (request: FastifyRequest, accountId: string): void =>
  void signedIn.set(request, accountId)

/** Counts a request under a limit at this very moment. @throws AppError rate_limited (429) */
export async function countNow(
  hooks: LimitHooks,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  for (const hook of [...(hooks.onRequest ?? []), ...(hooks.preHandler ?? [])]) await hook(request, reply)
}

/** What a request names as the account it is about. */
function accountOf(request: FastifyRequest, field: string | null): string | undefined {
  const { body } = request
  const inBody =
    field !== null && typeof body === 'object' && body !== null && Object.hasOwn(body, field)
      ? (body as Record<string, unknown>)[field]
      : undefined
  const value = named.get(request) ?? inBody
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** The RateLimit header fields; where two limits apply, those of the one that runs out first. */
function announce(reply: CountedReply, state: { max: number; remaining: number; seconds: number }) {
  const shown = reply.getHeader('ratelimit-remaining')
  if (shown !== undefined && Number(shown) <= state.remaining) return
  reply.header('ratelimit-limit', state.max)
  reply.header('ratelimit-remaining', state.remaining)
  reply.header('ratelimit-reset', state.seconds)
}

function tooMany(name: LimitName, seconds: number): AppError {
  const wait =
    seconds < 120 ? { unit: 'seconds', count: seconds } : { unit: 'minutes', count: Math.ceil(seconds / 60) }
  return new AppError('rate_limited', 429, message('error.tooMany', wait), {
    detail: `limit ${name} exceeded`,
    retryAfter: seconds,
  })
}
