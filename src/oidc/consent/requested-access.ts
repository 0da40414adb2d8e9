import { isIdentityScope } from '../../shared/identity-scopes.ts'
import type { InteractionDetails } from '../authorization/interaction.ts'
import { claimInWords, scopeInWords } from '../tokens/claims.ts'

/** One line of the consent page. */
export interface RequestedAccess {
  title: string
  detail?: string
}

/** Whether the refresh tokens of an app or of a device end with the browser's session is said where it is so (ASVS 10.7.2). */
const STAYS_CONNECTED = {
  app: 'until you sign out here, or take this back',
  device: 'until you sign the device out on your account page, or take this back',
}

/**
 * What an authorization request asks for, in words for the consent page.
 * @param nameOf the name of an API by its resource indicator; undefined: it is not registered any more
 */
export async function describeRequestedAccess(
  nameOf: (identifier: string) => Promise<string | undefined>,
  details: Pick<InteractionDetails, 'requestedScopes' | 'requestedClaims' | 'staysConnected'> & {
    device?: object | undefined
    missing: Pick<InteractionDetails['missing'], 'resources'>
  },
): Promise<RequestedAccess[]> {
  const { requestedScopes, requestedClaims, staysConnected, device, missing } = details
  const ofApis = Object.entries(missing.resources).map(async ([identifier, scopes]) => {
    const detail = `at ${(await nameOf(identifier)) ?? identifier}`
    return scopes.map((scope) => ({ title: scope, detail }))
  })
  const lasts = staysConnected && !requestedScopes.includes('offline_access')
  return [
    ...requestedScopes.filter(isIdentityScope).map((scope) => ({ title: scopeInWords(scope) })),
    ...requestedClaims.map((claim) => ({ title: claimInWords(claim) })),
    ...(await Promise.all(ofApis)).flat(),
    ...(lasts
      ? [{ title: 'Stay connected', detail: STAYS_CONNECTED[device === undefined ? 'app' : 'device'] }]
      : []),
  ]
}
