import { t } from '../../shared/locales/texts.ts'
import { dayOf, minuteOf } from '../../shared/moment.ts'
import { apiScopeInWords, type ShownScope } from '../../shared/scope-descriptions.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { claimInWords, scopeInWords } from '../tokens/claims.ts'
import type { LastUses } from '../usage/last-uses.ts'
import type { Consents } from './consents.ts'
import { type AccessInWords, type NamedApi, stayConnected } from './requested-access.ts'

/** What a person has allowed one app, in words for the account page. */
export interface ConnectedApp {
  clientId: string
  client: { name: string; logoUri: string | undefined }
  access: AccessInWords
  /** “Allowed on 3 Nov 2026” */
  detail: string
  /** “Last used on 5 Nov 2026, 09:12 UTC”; undefined: not since that is kept. */
  lastUsed?: string | undefined
  /** Until when it has access without the person: a sentence. */
  lasts: string
  /** What can be taken back alone: all but that it knows who the person is. `key` is for `takeBack`. */
  parts: { key: string; words: string }[]
}

export interface ConnectedApps {
  /** The newest first. */
  list(accountId: string): Promise<ConnectedApp[]>
  /** False: there is no such part. */
  takeBack(accountId: string, clientId: string, key: string): Promise<boolean>
  /** Withdraws the consent, and ends every token and grant of the account at the client. */
  withdraw(accountId: string, clientId: string): Promise<void>
}

interface NamedClient {
  metadata: {
    client_name?: string | undefined
    logo_uri?: string | undefined
    grant_types?: readonly string[] | undefined
  }
}

/** Tokens by which an app goes on alone; JWT access tokens are not stored, and end within the hour or so that their API was given. */
const MODELS = ['RefreshToken', 'AccessToken'] as const

/**
 * The clients that accounts have allowed something.
 * @param deps.findClient undefined: the client is deleted @param deps.resources undefined: the API is not registered any more
 */
export function createConnectedApps({
  consents,
  findClient,
  artifacts,
  lastUses,
  resources: apis,
}: {
  consents: Pick<Consents, 'list' | 'withdraw' | 'takeBack'>
  findClient(clientId: string): Promise<NamedClient | undefined>
  artifacts: Pick<ArtifactStore, 'listByAccount'>
  lastUses: Pick<LastUses, 'of'>
  resources: { findForProtocol: NamedApi }
}): ConnectedApps {
  /** The last moment of each client's tokens, in seconds since the epoch. */
  async function endsOf(accountId: string): Promise<Map<string, number>> {
    const found = await Promise.all(MODELS.map((model) => artifacts.listByAccount(model, accountId)))
    const ends = new Map<string, number>()
    for (const { payload, expiresAt } of found.flat()) {
      const clientId = String(payload.clientId)
      ends.set(clientId, Math.max(ends.get(clientId) ?? 0, expiresAt ?? 0))
    }
    return ends
  }

  return {
    async list(accountId) {
      const [allowed, ends, uses] = await Promise.all([
        consents.list(accountId),
        endsOf(accountId),
        lastUses.of(accountId, 'app'),
      ])
      const views = allowed.map(async ({ clientId, scopes, resources, claims = [], grantedAt }) => {
        const client = await findClient(clientId)
        const own = [
          ...scopes.map((scope) => ({ key: `scope ${scope}`, words: scopeInWords(scope) })),
          ...claims.map((claim) => ({ key: `claim ${claim}`, words: claimInWords(claim) })),
        ]
        const ofApis = await Promise.all(
          Object.entries(resources).map(async ([resource, names]) => {
            const api = await apis.findForProtocol(resource)
            const name = api?.name ?? resource
            const shown = names.map((scope) => apiScopeInWords(scope, api, resource))
            const keys = names.map((scope) => `api ${scope} ${resource}`)
            return {
              name,
              scopes: shown,
              parts: keys.map((key, n) => ({ key, words: wordsAt(shown[n], name) })),
            }
          }),
        )
        // Refresh tokens without the scope that asks for them: the consent page said so too.
        const lasts =
          client?.metadata.grant_types?.includes('refresh_token') && !scopes.includes('offline_access')
        const used = uses.get(clientId)
        const end = ends.get(clientId)
        return {
          clientId,
          client: {
            name: client?.metadata.client_name ?? nameOfUnknown(clientId),
            logoUri: client?.metadata.logo_uri,
          },
          access: {
            own: [...own.map(({ words }) => words), ...(lasts ? [stayConnected()] : [])].map((title) => ({
              title,
            })),
            apis: ofApis.map((api) => ({ name: api.name, scopes: api.scopes })),
          },
          parts: [...own, ...ofApis.flatMap(({ parts }) => parts)].filter(
            ({ key }) => key !== 'scope openid',
          ),
          detail: t('apps.allowedOn', { day: dayOf(grantedAt * 1000) }),
          lastUsed: used && t('apps.lastUsed', { time: minuteOf(used.at) }),
          lasts:
            end === undefined
              ? // What is remembered of an app is asked for no more.
                t('apps.noAccess')
              : t('apps.accessUntil', { time: minuteOf(end * 1000) }),
        }
      })
      return Promise.all(views)
    },
    async takeBack(accountId, clientId, key) {
      const [kind, name = '', resource = ''] = key.split(' ')
      if (kind === 'api') return consents.takeBack(accountId, clientId, { kind, name, resource })
      if ((kind !== 'scope' && kind !== 'claim') || name === 'openid') return false
      return consents.takeBack(accountId, clientId, { kind, name })
    },
    withdraw: (accountId, clientId) => consents.withdraw(accountId, clientId),
  }
}

/** A scope of an API, where the API is not named beside it. */
const wordsAt = (scope: ShownScope | undefined, api: string): string =>
  scope === undefined || scope.title.includes(api) ? (scope?.title ?? '') : `${scope.title} (${api})`

/** Of a client that is known by a metadata document, only the document's address is known here. */
const nameOfUnknown = (clientId: string): string =>
  clientId.includes('://') ? new URL(clientId).host : t('devices.goneApp')
