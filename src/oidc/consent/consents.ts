import { createHmac, type KeyObject } from 'node:crypto'
import { own } from '../../shared/own.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'

/** What a person has allowed an app: one record for each account and client, kept until it is withdrawn. */
export interface Consent {
  accountId: string
  clientId: string
  /** OpenID scopes. */
  scopes: string[]
  /** Scopes by resource indicator (RFC 8707). */
  resources: Record<string, string[]>
  /** Claims that were asked for one by one (OpenID Connect Core §5.5), beside those that the scopes bring. */
  claims?: string[]
  /** Seconds since the epoch. */
  grantedAt: number
}

/** What of it is for the client. */
export type Allowed = Pick<Consent, 'scopes' | 'resources' | 'claims'>

/** One scope, one scope of an API, or one claim. */
export type ConsentPart =
  | { kind: 'scope'; name: string }
  | { kind: 'claim'; name: string }
  | { kind: 'api'; resource: string; name: string }

/** What is left of a consent; undefined: the part is not in it. */
function without(consent: Consent, part: ConsentPart): Consent | undefined {
  const { scopes, resources, claims = [] } = consent
  const { name } = part
  const others = (names: readonly string[]) => names.filter((each) => each !== name)
  if (part.kind === 'scope') return scopes.includes(name) ? { ...consent, scopes: others(scopes) } : undefined
  if (part.kind === 'claim') return claims.includes(name) ? { ...consent, claims: others(claims) } : undefined
  const of = own(resources, part.resource)
  if (!of?.includes(name)) return undefined
  const { [part.resource]: _, ...rest } = resources
  return { ...consent, resources: of.length === 1 ? rest : { ...rest, [part.resource]: others(of) } }
}

/** Remembers what people allowed. The Grants that the protocol library works with are made from it (grants.ts). */
export interface Consents {
  find(accountId: string, clientId: string): Promise<Consent | undefined>
  /** Adds to what was allowed before. */
  allow(accountId: string, clientId: string, added: Allowed): Promise<void>
  list(accountId: string): Promise<Consent[]>
  /** Makes what is remembered what it was; undefined: nothing. Ends no token. */
  restore(accountId: string, clientId: string, before: Consent | undefined): Promise<void>
  /**
   * Takes one part back. The tokens and grants of this account at this client end, for they carry it: what is left is in those that the
   * client gets next. False: it was not allowed.
   */
  takeBack(accountId: string, clientId: string, part: ConsentPart): Promise<boolean>
  /** Withdraws, and ends every token and session grant of this account at this client. */
  withdraw(accountId: string, clientId: string): Promise<void>
}

export interface ConsentEvent {
  type: 'consent.allowed' | 'consent.withdrawn'
  accountId: string
  client_id: string
  before?: Allowed | undefined
  after?: Allowed | undefined
}

const MODEL = 'Consent'
const union = (a: readonly string[] = [], b: readonly string[] = []) => [...new Set([...a, ...b])]

const allowedBy = (consent: Consent | undefined): Allowed | undefined =>
  consent && {
    scopes: consent.scopes,
    resources: consent.resources,
    ...(consent.claims && { claims: consent.claims }),
  }

/**
 * @param key 32 bytes: record ids are keyed hashes of account and client, so that no list gives them away
 * @param events told of every change after it is stored
 */
export function createConsents(
  artifacts: ArtifactStore,
  key: KeyObject,
  now: () => number,
  events: (event: ConsentEvent) => void,
): Consents {
  const idOf = (accountId: string, clientId: string) =>
    createHmac('sha256', key).update(`consent\0${accountId}\0${clientId}`).digest('base64url')
  const find = async (accountId: string, clientId: string) =>
    (await artifacts.find(MODEL, idOf(accountId, clientId))) as Consent | undefined

  return {
    find,
    async allow(accountId, clientId, added) {
      let before: Consent | undefined
      let after: Consent | undefined
      await artifacts.change(MODEL, idOf(accountId, clientId), undefined, (found) => {
        before = found as Consent | undefined
        const resources: Record<string, string[]> = { ...before?.resources }
        for (const [resource, scopes] of Object.entries(added.resources))
          resources[resource] = union(resources[resource], scopes)
        const scopes = union(before?.scopes, added.scopes)
        const claims = union(before?.claims, added.claims)
        after = {
          accountId,
          clientId,
          scopes,
          resources,
          ...(claims.length > 0 && { claims }),
          grantedAt: now(),
        }
        return { ...after }
      })
      const change = { before: allowedBy(before), after: allowedBy(after) }
      events({ type: 'consent.allowed', accountId, client_id: clientId, ...change })
    },
    async list(accountId) {
      // Newest first. Where the key was replaced there may be an older record of the same app, under an id nobody can name.
      const found = await artifacts.listByAccount(MODEL, accountId)
      const consents = found.map((summary) => summary.payload as unknown as Consent)
      const apps = new Set<string>()
      return consents.filter(({ clientId }) => !apps.has(clientId) && apps.add(clientId))
    },
    async restore(accountId, clientId, before) {
      const current = await find(accountId, clientId)
      const id = idOf(accountId, clientId)
      if (before === undefined) await artifacts.destroy(MODEL, id)
      else await artifacts.upsert(MODEL, id, { ...before }, undefined)
      const change = { before: allowedBy(current), after: allowedBy(before) }
      if (JSON.stringify(change.before) === JSON.stringify(change.after)) return
      events({ type: 'consent.withdrawn', accountId, client_id: clientId, ...change })
    },
    async takeBack(accountId, clientId, part) {
      let before: Consent | undefined
      let after: Consent | undefined
      await artifacts.change(MODEL, idOf(accountId, clientId), undefined, (found) => {
        before = found as Consent | undefined
        after = before && without(before, part)
        return after && { ...after }
      })
      if (after === undefined) return false
      await artifacts.revokeByAccount(accountId, { clientId })
      const change = { before: allowedBy(before), after: allowedBy(after) }
      events({ type: 'consent.withdrawn', accountId, client_id: clientId, ...change })
      return true
    },
    async withdraw(accountId, clientId) {
      const before = allowedBy(await find(accountId, clientId))
      await artifacts.forgetConsents(accountId, { clientId })
      await artifacts.revokeByAccount(accountId, { clientId })
      if (before) events({ type: 'consent.withdrawn', accountId, client_id: clientId, before })
    },
  }
}
