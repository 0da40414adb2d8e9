import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { accountNameKey } from './account-name.ts'
import type { KnownDevices } from './known-devices.ts'

interface Rule {
  /** Counted by network address, or by what a field of the form says. */
  per: 'address' | 'account'
  max: number
  /** Seconds. */
  window: number
}

const MINUTE = 60
const HOUR = 60 * MINUTE

/**
 * How often one address (an IPv6 /64), or one account, may do what. Offices and schools share an address, so those
 * numbers are generous; guessing at one account is what the second rule and the lock-out stop. Routes that name the
 * same limit share its counters.
 */
export const limits = {
  signIn: [
    { per: 'address', max: 30, window: MINUTE },
    { per: 'account', max: 10, window: MINUTE },
  ],
  register: [{ per: 'address', max: 60, window: HOUR }],
  /** Everything that makes us send a message. */
  mail: [
    { per: 'address', max: 30, window: HOUR },
    { per: 'account', max: 5, window: HOUR },
  ],
  /** Entering a one-time code, or opening a one-time link. */
  oneTimeToken: [{ per: 'address', max: 30, window: MINUTE }],
  /** Changing an account while signed in; each may cost a password hash. */
  account: [{ per: 'address', max: 60, window: MINUTE }],
  federation: [{ per: 'address', max: 30, window: MINUTE }],
  authorization: [{ per: 'address', max: 300, window: MINUTE }],
  /** A back end does this for all its users from one address: 200 a second. */
  token: [{ per: 'address', max: 6000, window: 30 }],
  /** Programs that register themselves or look after it. */
  clientRegistration: [{ per: 'address', max: 60, window: MINUTE }],
  /** Registering without being asked to. */
  openRegistration: [{ per: 'address', max: 10, window: HOUR }],
  admin: [{ per: 'address', max: 300, window: MINUTE }],
} as const satisfies Record<string, readonly Rule[]>

export type LimitName = keyof typeof limits
type AccountLimit = {
  [Name in LimitName]: 'account' extends (typeof limits)[Name][number]['per'] ? Name : never
}[LimitName]

/** How many keys a counter remembers; the least recently used one goes first. */
const REMEMBERED = 50_000

/**
 * What an address is counted under: IPv4 as it is, also when mapped into IPv6; of IPv6 the /64, which is what one
 * household gets.
 */
export const addressKey = (ip: string): string => rateLimit.normalizeIP(ip, 64)

/** Route options that put a route under a limit. */
export interface LimitHooks {
  onRequest?: ((request: FastifyRequest, reply: FastifyReply) => Promise<void>)[]
  preHandler?: ((request: FastifyRequest, reply: FastifyReply) => Promise<void>)[]
}

/**
 * The limit of a route. One that counts by account too is told the field of the body that names the account on this
 * route, so that no other field can stand in for it; null: none does (see `nameAccount`).
 */
export interface Limit {
  (name: Exclude<LimitName, AccountLimit>): LimitHooks
  (name: AccountLimit, accountField: string | null): LimitHooks
}

/**
 * Counts requests. Returns `limit(name)`: the hooks to spread into a route's options.
 * By address it counts before the body is read; by account, after. A browser that has signed in to the account before is
 * counted by itself, under the number for an account: what strangers do is not its fault. Whose browser says that it has
 * is counted once the account is known.
 */
export async function registerRateLimits(
  app: FastifyInstance,
  options: { enabled: boolean; devices: Pick<KnownDevices, 'of' | 'named'> },
): Promise<Limit> {
  const { enabled, devices } = options
  if (!enabled) return () => ({})
  await app.register(rateLimit, { global: false })
  type Count = (request: FastifyRequest, reply: FastifyReply, key: string) => Promise<void>

  const counter = (name: LimitName, { per, max, window }: Rule): Count => {
    const keys = new WeakMap<FastifyRequest, string>()
    const options = {
      max,
      timeWindow: window * 1000,
      cache: REMEMBERED,
      keyGenerator: (request: FastifyRequest) => `${name}:${per}:${keys.get(request)}`,
    }
    const count = app.createRateLimit(options)
    return async (request, reply, key) => {
      keys.set(request, key)
      const result = await count(request)
      if (result.isAllowed) return
      announce(reply, result)
      if (result.isExceeded) throw tooMany(name, result.ttlInSeconds)
    }
  }

  const counters = (name: LimitName, per: Rule['per']): Count[] =>
    limits[name].filter((rule) => rule.per === per).map((rule) => counter(name, rule))
  const all = new Map(
    (Object.keys(limits) as LimitName[]).map((name) => [
      name,
      { address: counters(name, 'address'), account: counters(name, 'account') },
    ]),
  )

  return (name: LimitName, accountField: string | null = null): LimitHooks => {
    const { address = [], account = [] } = all.get(name) ?? {}
    const countAll = async (counts: Count[], request: FastifyRequest, reply: FastifyReply, key: string) => {
      for (const count of counts) await count(request, reply, key)
    }
    const byAddress = (request: FastifyRequest, reply: FastifyReply) =>
      countAll(address, request, reply, addressKey(request.ip))
    if (account.length === 0) return { onRequest: [byAddress] }

    const late = (request: FastifyRequest) => devices.of(request).length > 0
    return {
      onRequest: [async (request, reply) => void (late(request) || (await byAddress(request, reply)))],
      preHandler: [
        async (request, reply) => {
          const typed = accountOf(request, accountField)
          const device = typed === undefined ? undefined : devices.named(request, typed)
          if (device) return countAll(account, request, reply, `device:${device.id}`)
          if (late(request)) await byAddress(request, reply)
          if (typed !== undefined) await countAll(account, request, reply, accountNameKey(typed))
        },
      ],
    }
  }
}

const named = new WeakMap<FastifyRequest, string>()

/** Says which account a request tries to sign in to, where no field of its body does (HTTP Basic). */
export const nameAccount = (request: FastifyRequest, identifier: string): void =>
  void named.set(request, identifier)

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
function announce(reply: FastifyReply, state: { max: number; remaining: number; ttlInSeconds: number }) {
  const shown = reply.getHeader('ratelimit-remaining')
  if (typeof shown === 'number' && shown <= state.remaining) return
  reply.header('ratelimit-limit', state.max)
  reply.header('ratelimit-remaining', state.remaining)
  reply.header('ratelimit-reset', state.ttlInSeconds)
}

function tooMany(name: LimitName, seconds: number): AppError {
  const wait = seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`
  return new AppError('rate_limited', 429, `Too many attempts. Please wait ${wait} and try again.`, {
    detail: `limit ${name} exceeded`,
    retryAfter: seconds,
  })
}
