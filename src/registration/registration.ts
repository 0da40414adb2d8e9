/**
 * Clients that register themselves (RFC 7591) and look after their registration (RFC 7592): who may, and what such a
 * client may ask. It does not own clients: what can be registered at all is decided where they live, the same for
 * every client; here is only what is asked on top of it of a client that is not known.
 *
 *   initial access token ──► register ──► client + registration access token ──► read · update · remove
 *   (or nothing, if open)        policy.ts                                         the same policy again
 */
import { setActor } from '../shared/audit-context.ts'
import { AppError } from '../shared/errors.ts'
import { adapted } from './adapt.ts'
import { type ClientInformation, clientInformation } from './client-information.ts'
import { type DefaultsAmong, withDefaultScopes } from './default-scopes.ts'
import { type Metadata, type PolicyContext, policyProblems, type RegistrationPolicy } from './policy.ts'
import { joined, refusedMetadata } from './problems.ts'
import { hashToken, type InitialAccessTokens, newToken } from './tokens.ts'

/** A client as it is stored, of which this names what it reads. */
export interface RegisteredClient {
  client_id: string
  client_name: string
  scope?: string
  grant_types: readonly string[]
  first_party: boolean
  disabled: boolean
  verified: boolean
  version: string
}

/** The state of a client that a change is meant for. */
interface IfVersion {
  ifVersion?: string
}

export interface RegistrationDependencies {
  /** This and the scopes below are read when they are needed. */
  readonly mode: 'off' | 'token' | 'open'
  /** The URL of the registration endpoint. */
  endpoint: string
  tokens: InitialAccessTokens
  /** Scopes of APIs that a client may ask for that registered without a token. */
  readonly openScopes: readonly string[]
  around: PolicyContext
  defaultsAmong: DefaultsAmong
  clients: {
    /** @throws an error with `errors` by field */
    check(input: Metadata): void
    create(
      input: Metadata,
      origin: { source: 'dynamic' | 'open'; verified: boolean; registrationTokenHash: string },
    ): Promise<RegisteredClient>
    /** @throws AppError version_conflict (409) */
    update(id: string, changes: Metadata, given: IfVersion): Promise<RegisteredClient>
    delete(id: string): Promise<void>
    setVerified(id: string, verified: boolean, given?: IfVersion): Promise<void>
    findByToken(id: string, tokenHash: string): Promise<RegisteredClient | undefined>
    /** How many anybody has registered in the last so many seconds. */
    countOpen(seconds: number): Promise<number>
    secretMatches(id: string, secret: string): Promise<boolean>
  }
}

/** Clients that can be registered without a token in a day, all together. */
const OPEN_PER_DAY = 200
const DAY = 86_400

/** What the server says itself, and a client does not (RFC 7592 §2.2). */
const OURS = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
] as const

/** The policy of clients that register without a token. */
export const openPolicy = (scope: readonly string[]): RegistrationPolicy => ({
  scope,
  client_credentials: false,
  redirect_hosts: [],
  verified: false,
})

export interface Registration {
  /** Who may register a client now. */
  readonly mode: RegistrationDependencies['mode']
  /** Scopes of APIs that a client may ask for which registered without a token. */
  readonly openScopes: readonly string[]
  /** What lets a client register while registration is not open. */
  tokens: InitialAccessTokens
  /** @throws AppError client_not_found (404) · version_conflict (409) */
  setVerified: RegistrationDependencies['clients']['setVerified']
  /**
   * Registers a client (RFC 7591 §3).
   * @param bearer an initial access token
   * @throws AppError invalid_token, registration_token_needed (401) · rate_limited (429) · an error with `errors` by field
   */
  register(sent: Metadata, bearer: string | undefined): Promise<ClientInformation>
  /** @param bearer the registration access token @throws AppError invalid_token (401) · not_permitted (403) */
  read(id: string, bearer: string | undefined): Promise<ClientInformation>
  /**
   * Replaces the registration: what is left out is unset (RFC 7592 §2.2). The registration access token stays the same,
   * so that a lost answer locks no client out. A client that an administrator has looked at has to be looked at again.
   * What was checked has to be what is changed: an administrator may have made it their own, or looked at it, in between.
   * @throws AppError as `read`, invalid_request (400), version_conflict (409) · an error with `errors` by field
   */
  update(id: string, bearer: string | undefined, sent: Metadata): Promise<ClientInformation>
  /** Ends everything that the client was issued. @throws AppError as `read` */
  remove(id: string, bearer: string | undefined): Promise<void>
}

export function createRegistration(deps: RegistrationDependencies): Registration {
  const { clients, tokens, around, endpoint } = deps
  const { settable } = around.fields
  const anybody = () => openPolicy(deps.openScopes)

  /** Everything that is wrong with it, under the rules for all clients and those of the policy. */
  async function accept(
    sent: Metadata,
    policy: RegistrationPolicy,
    current?: RegisteredClient,
  ): Promise<Metadata> {
    const { input, problems } = adapted(sent, policy, around, current)
    const unusable = new Set(problems.map(({ field }) => field))
    problems.push(...policyProblems(input, policy, around, current))
    try {
      clients.check(input)
    } catch (error) {
      throw joined(error, problems, unusable)
    }
    if (problems.length > 0) throw refusedMetadata(problems)
    return withDefaultScopes(input, policy, around, deps.defaultsAmong)
  }

  /** The client whose registration access token this is, and the policy that it registered under. */
  async function authorize(id: string, bearer: string | undefined, change: boolean) {
    if (bearer === undefined) throw tokenNeeded()
    const client = await clients.findByToken(id, hashToken(bearer))
    // Another client's token, a client that is gone, nonsense: they look the same.
    if (client === undefined) throw invalidToken()
    setActor({ kind: 'client', id: client.client_id, name: client.client_name })
    if (client.disabled) throw notPermitted('An administrator has disabled this client.')
    // It is the operator's own by now, and people are not asked for consent: no developer changes where codes go.
    if (change && client.first_party) throw notPermitted('An administrator looks after this client.')
    const [, initial] = bearer.split('.')
    const policy = initial === undefined ? undefined : await tokens.policyOf(initial)
    return { client, policy: policy ?? anybody() }
  }

  async function make(input: Metadata, source: 'dynamic' | 'open', verified: boolean, initial?: string) {
    // The initial token's id, which the hash covers: an update is held to the same policy.
    const token = [newToken(), initial].filter(Boolean).join('.')
    const created = await clients.create(input, { source, verified, registrationTokenHash: hashToken(token) })
    return { client_id: created.client_id, answer: clientInformation(created, { endpoint, token, settable }) }
  }

  return {
    get mode() {
      return deps.mode
    },
    get openScopes() {
      return deps.openScopes
    },
    tokens,
    setVerified: clients.setVerified,

    async register(sent: Metadata, bearer: string | undefined): Promise<ClientInformation> {
      if (bearer === undefined) {
        if (deps.mode !== 'open') throw tokenNeeded()
        const input = await accept(sent, anybody())
        if ((await clients.countOpen(DAY)) >= OPEN_PER_DAY) throw tooMany()
        return (await make(input, 'open', false)).answer
      }
      const token = await tokens.find(bearer)
      if (token === undefined) throw invalidToken()
      const { policy } = token
      const input = await accept(sent, policy)
      const made = await tokens.spend(token.id, () => make(input, 'dynamic', policy.verified, token.id))
      if (made === undefined) throw invalidToken()
      return made.answer
    },

    async read(id: string, bearer: string | undefined): Promise<ClientInformation> {
      const { client } = await authorize(id, bearer, false)
      return clientInformation(client, { endpoint, token: String(bearer), settable })
    },

    async update(id: string, bearer: string | undefined, sent: Metadata): Promise<ClientInformation> {
      const { client, policy } = await authorize(id, bearer, true)
      await checkIdentity(client, sent)
      const input = await accept(sent, policy, client)
      let { version } = client
      if (client.verified && !policy.verified) {
        await clients.setVerified(client.client_id, false, { ifVersion: version })
        version = (await authorize(id, bearer, true)).client.version
      }
      const unset = Object.fromEntries(settable.map((field) => [field, null]))
      const updated = await clients.update(client.client_id, { ...unset, ...input }, { ifVersion: version })
      return clientInformation(updated, { endpoint, token: String(bearer), settable })
    },

    async remove(id: string, bearer: string | undefined): Promise<void> {
      const { client } = await authorize(id, bearer, true)
      await clients.delete(client.client_id)
    },
  }

  async function checkIdentity(client: RegisteredClient, sent: Metadata): Promise<void> {
    const ours = OURS.find((field) => sent[field] !== undefined)
    if (ours !== undefined) throw invalidRequest(`leave out ${ours}: the server sets it`)
    if (sent.client_id !== client.client_id) throw invalidRequest('client_id must be that of this client')
    const { client_secret: secret } = sent
    if (secret === undefined) return
    if (typeof secret !== 'string' || !(await clients.secretMatches(client.client_id, secret)))
      throw invalidRequest('client_secret is not that of this client; a client does not choose it')
  }
}

const tokenNeeded = () =>
  new AppError('registration_token_needed', 401, 'Send the token that you were given as a bearer token.')

const invalidToken = () =>
  new AppError('invalid_token', 401, 'The token is unknown, was used up or revoked, or has expired.')

const notPermitted = (why: string) => new AppError('not_permitted', 403, why)

const invalidRequest = (what: string) => new AppError('invalid_request', 400, what)

const tooMany = () =>
  new AppError('rate_limited', 429, 'Too many apps have registered today. Please try again later.', {
    retryAfter: 3600,
  })
