import { createHash } from 'node:crypto'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'

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

/** Where a form or a JSON body names the account, in this order. */
const ACCOUNT_FIELDS = ['identifier', 'email', 'username']

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

export type Limit = (name: LimitName) => LimitHooks

/**
 * Counts requests. Returns `limit(name)`: the hooks to spread into a route's options.
 * By address it counts before the body is read; by account, after.
 */
export async function registerRateLimits(
  app: FastifyInstance,
  options: { enabled: boolean },
): Promise<Limit> {
  if (!options.enabled) return () => ({})
  await app.register(rateLimit, { global: false })

  const check = (name: LimitName, rule: Rule) => {
    const key = rule.per === 'address' ? (request: FastifyRequest) => addressKey(request.ip) : accountKey
    const counter = {
      max: rule.max,
      timeWindow: rule.window * 1000,
      cache: REMEMBERED,
      keyGenerator: (request: FastifyRequest) => `${name}:${rule.per}:${key(request)}`,
    }
    const count = app.createRateLimit(counter)
    return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      if (key(request) === undefined) return
      const result = await count(request)
      if (result.isAllowed) return
      announce(reply, result)
      if (result.isExceeded) throw tooMany(name, result.ttlInSeconds)
    }
  }

  const hooks = new Map<string, LimitHooks>()
  for (const name of Object.keys(limits) as LimitName[]) {
    const checks = (per: Rule['per']) =>
      limits[name].filter((rule) => rule.per === per).map((rule) => check(name, rule))
    hooks.set(name, { onRequest: checks('address'), preHandler: checks('account') })
  }
  return (name) => hooks.get(name) ?? {}
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

/** A hash, because the counter may live outside this process and what was typed is somebody's address. */
function accountKey(request: FastifyRequest): string | undefined {
  const { body } = request
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const inBody = ACCOUNT_FIELDS.map((field) => fields[field]).find((field) => typeof field === 'string')
  const value = named.get(request) ?? inBody
  if (typeof value !== 'string' || value.trim() === '') return undefined
  return createHash('sha256').update(value.normalize('NFKC').trim().toLowerCase()).digest('base64url')
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
