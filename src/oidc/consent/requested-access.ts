import { isIdentityScope } from '../../shared/identity-scopes.ts'
import { t } from '../../shared/locales/texts.ts'
import { durationInWords } from '../../shared/moment.ts'
import { apiScopeInWords, type ScopeDescriptions, type ShownScope } from '../../shared/scope-descriptions.ts'
import type { InteractionDetails } from '../authorization/interaction.ts'
import { ABSOLUTE_LIFETIME_FACTOR, type Lifetimes } from '../provider/lifetimes.ts'
import { claimInWords, scopeInWords } from '../tokens/claims.ts'

/** What a client asks for, or has, in words. */
export interface AccessInWords {
  /** About the person. */
  own: ShownScope[]
  /** By API. */
  apis: { name: string; scopes: ShownScope[] }[]
  /** For how long, as a sentence. */
  lasts?: string | undefined
}

/** An API as pages name it. Undefined: it is not registered any more. */
export type NamedApi = (
  identifier: string,
) => Promise<
  | { name: string; scopeDescriptions: ScopeDescriptions; accessTokenTtl?: number | null | undefined }
  | undefined
>

/** What a client has that may get refresh tokens, said where it does not ask for them by a scope. */
export const stayConnected = (): string => t('scope.stayConnected')

/** Whether the refresh tokens of an app or of a device end with the browser's session is said where it is so (ASVS 10.7.2). */
const STAYS_CONNECTED = {
  app: 'scope.stayConnected.app',
  device: 'scope.stayConnected.device',
} as const

/**
 * For how long a client has what is allowed now: what is remembered lasts until it is withdrawn, its tokens end by themselves. Refresh tokens that
 * no `offline_access` asks for end with the session of the browser; those of a device never do (provider/provider.ts).
 * @param access seconds that the longest of its access tokens lives
 */
function lastsInWords(
  { refreshes, away }: { refreshes: boolean; away: boolean },
  access: number,
  { refreshTokenTtl, sessionTtl }: Lifetimes,
): string {
  if (!refreshes) return t('consent.lasts.short', { access: durationInWords(access) })
  const seconds = (away ? refreshTokenTtl : Math.min(refreshTokenTtl, sessionTtl)) * ABSOLUTE_LIFETIME_FACTOR
  return t(away ? 'consent.lasts.away' : 'consent.lasts.session', { longest: durationInWords(seconds) })
}

/** What an authorization request asks for, in words for the consent page. */
export async function describeRequestedAccess(
  findApi: NamedApi,
  lifetimes: Lifetimes,
  details: Pick<InteractionDetails, 'requestedScopes' | 'requestedClaims' | 'staysConnected'> & {
    device?: object | undefined
    missing: InteractionDetails['missing']
    client: { id: string }
  },
  customInWords: (clientId: string, scopes: readonly string[]) => string[] = () => [],
): Promise<AccessInWords> {
  const { requestedScopes, requestedClaims, staysConnected, device, missing } = details
  const apis = Object.entries(missing.resources).map(async ([identifier, scopes]) => {
    const api = await findApi(identifier)
    return {
      ttl: api?.accessTokenTtl ?? lifetimes.accessTokenTtl,
      name: api?.name ?? identifier,
      scopes: scopes.map((scope) => apiScopeInWords(scope, api, identifier)),
    }
  })
  const scopeWords = new Set(requestedScopes.map(scopeInWords))
  const asked = [...requestedScopes, ...Object.values(missing.resources).flat()]
  const custom = customInWords(details.client.id, asked).filter((title) => !scopeWords.has(title))
  const lasts = staysConnected && !requestedScopes.includes('offline_access')
  const found = await Promise.all(apis)
  const away = device !== undefined || requestedScopes.includes('offline_access')
  return {
    own: [
      ...requestedScopes.filter(isIdentityScope).map((scope) => ({
        title: scopeInWords(scope),
        ...(!missing.scopes.includes(scope) && { before: true }),
      })),
      ...requestedClaims.map((claim) => ({
        title: claimInWords(claim),
        ...(!missing.claims.includes(claim) && { before: true }),
      })),
      ...custom.map((title) => ({ title })),
      ...(lasts
        ? [{ title: stayConnected(), detail: t(STAYS_CONNECTED[device === undefined ? 'app' : 'device']) }]
        : []),
    ],
    apis: found.filter(({ scopes }) => scopes.length > 0).map(({ name, scopes }) => ({ name, scopes })),
    lasts: lastsInWords(
      { refreshes: staysConnected, away },
      found.length > 0 ? Math.max(...found.map(({ ttl }) => ttl)) : lifetimes.accessTokenTtl,
      lifetimes,
    ),
  }
}
