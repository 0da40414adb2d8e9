import { hash, randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Clock, toSeconds } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import { message, saying } from '../shared/locales/texts.ts'
import { schemaProblems, ValidationError } from '../shared/validation-error.ts'
import { policySchema, type RegistrationPolicy } from './policy.ts'
import type { InitialAccessTokenRow, TokenStore } from './store.ts'

/** An initial access token without the token. Times in seconds since the epoch. */
export interface InitialAccessTokenView {
  id: string
  name: string
  state: 'active' | 'revoked' | 'expired' | 'used_up'
  /** Null: any number. */
  uses_left: number | null
  created_at: number
  /** Null: never. */
  expires_at: number | null
  revoked_at: number | null
  last_used_at: number | null
  policy: RegistrationPolicy
}

export interface RegistrationEvent {
  type: 'registration_token.created' | 'registration_token.revoked' | 'registration_token.used'
  id: string
  name: string
  /** The client that it registered. */
  client_id?: string
}

/** The most that are listed: administrators make them by hand. */
const LISTED = 200
const YEAR = 365 * 86_400

const LIFETIME = saying('admin.client_errors.token.lifetime', { max: String(YEAR) })
const USES = saying('admin.client_errors.token.uses')

/** What an initial access token is made from. */
const tokenInput = policySchema.extend({
  name: z
    .string(saying('admin.client_errors.token.name'))
    .trim()
    .min(1, saying('admin.client_errors.token.name'))
    .max(100, saying('admin.client_errors.text.long', { max: '100' }))
    .refine(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      (value) => !/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u.test(value),
      saying('admin.client_errors.token.control'),
    ),
  /** Seconds; null: it does not expire. */
  expires_in: z
    .int(LIFETIME)
    .min(60, LIFETIME)
    .max(YEAR, LIFETIME)
    .nullable()
    .default(7 * 86_400),
  /** Null: any number. */
  uses: z.int(USES).min(1, USES).max(10_000, USES).nullable().default(1),
})

/** What is stored of a token. A fast hash is enough: 256 random bits cannot be guessed. */
export const hashToken = (token: string): string => hash('sha256', token, 'base64url')
export const newToken = (): string => randomBytes(32).toString('base64url')

export interface InitialAccessTokens {
  /**
   * @returns the token too: the only time it is shown
   * @throws ValidationError (invalid_registration_token, 422) with every problem at once
   */
  create(input: Readonly<Record<string, unknown>>): Promise<InitialAccessTokenView & { token: string }>
  /** The newest first, at most 200. */
  list(): Promise<InitialAccessTokenView[]>
  /** Clients that it registered stay. @throws AppError registration_token_not_found (404) */
  revoke(id: string): Promise<void>
  /** The token that was presented, if it may register a client now. */
  find(token: string): Promise<{ id: string; policy: RegistrationPolicy } | undefined>
  /** The policy of a token that may be gone by now. */
  policyOf(id: string): Promise<RegistrationPolicy | undefined>
  /**
   * Does something with one use of a token: it counts once that has worked, and many at once never get more uses than
   * there are. Undefined: there was none left.
   */
  spend<Made extends { client_id: string }>(id: string, work: () => Promise<Made>): Promise<Made | undefined>
}

/** Initial access tokens, with which clients are registered (RFC 7591 §3): made by administrators, shown once. */
export function createInitialAccessTokens(deps: {
  store: TokenStore
  clock: Clock
  events(event: RegistrationEvent): void
}): InitialAccessTokens {
  const { store, clock, events } = deps
  const now = () => new Date(clock())

  return {
    async create(
      input: Readonly<Record<string, unknown>>,
    ): Promise<InitialAccessTokenView & { token: string }> {
      const parsed = tokenInput.safeParse(input)
      if (!parsed.success) throw refused(parsed.error)
      const { name, expires_in: lifetime, uses, ...policy } = parsed.data
      const token = newToken()
      const createdAt = now()
      const row = await store.insert({
        id: randomUUID(),
        name,
        hash: hashToken(token),
        policy: JSON.stringify(policy),
        usesLeft: uses,
        createdAt,
        expiresAt: lifetime === null ? null : new Date(createdAt.getTime() + lifetime * 1000),
      })
      events({ type: 'registration_token.created', id: row.id, name })
      return { ...view(row, clock()), token }
    },

    list: async (): Promise<InitialAccessTokenView[]> =>
      (await store.list(LISTED)).map((row) => view(row, clock())),

    async revoke(id: string): Promise<void> {
      const row = /^[0-9a-f-]{36}$/.test(id) ? await store.find(id) : undefined
      if (row === undefined || !(await store.revoke(id, now())))
        throw new AppError('registration_token_not_found', 404, message('admin.registration.tokens.no_such'))
      events({ type: 'registration_token.revoked', id, name: row.name })
    },

    async find(token: string): Promise<{ id: string; policy: RegistrationPolicy } | undefined> {
      const row = await store.findUsable(hashToken(token), now())
      return row === null ? undefined : { id: row.id, policy: policyOf(row) }
    },

    async policyOf(id: string): Promise<RegistrationPolicy | undefined> {
      const row = await store.find(id)
      return row && policyOf(row)
    },

    async spend<Made extends { client_id: string }>(
      id: string,
      work: () => Promise<Made>,
    ): Promise<Made | undefined> {
      if (!(await store.take(id, now()))) return undefined
      const made = await work().catch(async (error: unknown) => {
        await store.giveBack(id)
        throw error
      })
      const row = await store.find(id)
      events({
        type: 'registration_token.used',
        id,
        name: row?.name ?? '',
        client_id: made.client_id,
      })
      return made
    },
  }
}

const policyOf = (row: InitialAccessTokenRow): RegistrationPolicy =>
  policySchema.parse(JSON.parse(row.policy))

const refused = (error: z.ZodError): ValidationError =>
  new ValidationError(schemaProblems(error), { code: 'invalid_registration_token' })

const view = (row: InitialAccessTokenRow, now: number): InitialAccessTokenView => ({
  id: row.id,
  name: row.name,
  state: stateOf(row, now),
  uses_left: row.usesLeft,
  created_at: toSeconds(row.createdAt),
  expires_at: toSeconds(row.expiresAt),
  revoked_at: toSeconds(row.revokedAt),
  last_used_at: toSeconds(row.lastUsedAt),
  policy: policyOf(row),
})

function stateOf(row: InitialAccessTokenRow, now: number): InitialAccessTokenView['state'] {
  if (row.revokedAt !== null) return 'revoked'
  if (row.expiresAt !== null && row.expiresAt.getTime() <= now) return 'expired'
  return row.usesLeft === 0 ? 'used_up' : 'active'
}
