import { dayOf } from '../../shared/moment.ts'
import { claimInWords, scopeInWords } from '../tokens/claims.ts'
import type { Consents } from './consents.ts'

/** What a person has allowed one app, in words for the account page. */
export interface ConnectedApp {
  clientId: string
  client: { name: string; logoUri: string | undefined }
  /** Scopes and claims, each in words; scopes of APIs as they are. */
  scopes: string[]
  /** “Allowed on 3 November 2026” */
  detail: string
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
  metadata: { client_name?: string | undefined; logo_uri?: string | undefined }
}

/** The clients that accounts have allowed something. @param deps.findClient undefined: the client is deleted */
export function createConnectedApps({
  consents,
  findClient,
}: {
  consents: Pick<Consents, 'list' | 'withdraw' | 'takeBack'>
  findClient(clientId: string): Promise<NamedClient | undefined>
}): ConnectedApps {
  return {
    async list(accountId) {
      const views = (await consents.list(accountId)).map(
        async ({ clientId, scopes, resources, claims = [], grantedAt }) => {
          const client = await findClient(clientId)
          return {
            clientId,
            client: {
              name: client?.metadata.client_name ?? nameOfUnknown(clientId),
              logoUri: client?.metadata.logo_uri,
            },
            scopes: [
              ...scopes.map(scopeInWords),
              ...claims.map(claimInWords),
              ...Object.values(resources).flat(),
            ],
            parts: [
              ...scopes
                .filter((scope) => scope !== 'openid')
                .map((scope) => ({ key: `scope ${scope}`, words: scopeInWords(scope) })),
              ...claims.map((claim) => ({ key: `claim ${claim}`, words: claimInWords(claim) })),
              ...Object.entries(resources).flatMap(([resource, names]) =>
                names.map((name) => ({ key: `api ${name} ${resource}`, words: name })),
              ),
            ],
            detail: `Allowed on ${dayOf(grantedAt * 1000)}`,
          }
        },
      )
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

/** Of a client that is known by a metadata document, only the document's address is known here. */
const nameOfUnknown = (clientId: string): string =>
  clientId.includes('://') ? new URL(clientId).host : 'An app that is gone'
