import { withAdminApi } from '../oidc/tokens/admin-tokens.ts'
import { claimInWords, inWords } from '../oidc/tokens/claims.ts'
import type { Services } from '../services.ts'
import { isIdentityScope } from '../shared/identity-scopes.ts'

/** What a person has allowed which app, for the account page. */
export function connectedApps({ consents, findClient }: Services) {
  return {
    async list(accountId: string) {
      const allowed = await consents.list(accountId)
      const views = allowed.map(async ({ clientId, scopes, resources, claims = [] }) => {
        const client = await findClient(clientId)
        const words = [...scopes.map(inWords), ...claims.map(claimInWords)]
        return {
          clientId,
          client: {
            // Of an app that is known by a document, only its address is known here.
            name:
              client?.metadata.client_name ??
              (clientId.includes('://') ? new URL(clientId).host : 'An app that is gone'),
            logoUri: client?.metadata.logo_uri,
          },
          scopes: [...words, ...Object.values(resources).flat()],
        }
      })
      return Promise.all(views)
    },
    withdraw: (accountId: string, clientId: string) => consents.withdraw(accountId, clientId),
  }
}

/** What an app asks for, in words for the consent page. */
export async function describeScopes(
  services: Services,
  details: {
    requestedScopes: string[]
    requestedClaims: string[]
    staysConnected: boolean
    device?: object | undefined
    missing: { resources: Record<string, string[]> }
  },
) {
  const resources = withAdminApi(services.config.issuer, services.resources)
  const own = details.requestedScopes.filter(isIdentityScope).map((scope) => ({ title: inWords(scope) }))
  const single = details.requestedClaims.map((claim) => ({ title: claimInWords(claim) }))
  const foreign = Object.entries(details.missing.resources).map(async ([identifier, scopes]) => {
    const resource = await resources.findForProtocol(identifier)
    return scopes.map((scope) => ({ title: scope, detail: `at ${resource?.name ?? identifier}` }))
  })
  // How long: until then the app gets fresh tokens without asking again (ASVS 10.7.2).
  const until =
    details.device === undefined
      ? 'until you sign out here, or take this back'
      : 'until you sign the device out on your account page, or take this back'
  const lasting =
    details.staysConnected && !details.requestedScopes.includes('offline_access')
      ? [{ title: 'Stay connected', detail: until }]
      : []
  return [...own, ...single, ...(await Promise.all(foreign)).flat(), ...lasting]
}
