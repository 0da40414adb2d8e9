import { interactionPolicy, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { scopeOfClaim } from '../tokens/claims.ts'
import { notCovered, personalClaims, requestedIn } from './request.ts'

const { Check } = interactionPolicy

const split = (scope: string) => scope.split(' ')

/** The claims that are asked for beside those that the scopes of the request bring. */
export const besideScopes = (params: Readonly<Record<string, unknown>> | undefined): string[] =>
  notCovered(personalClaims(requestedIn(params)), split(String(params?.scope ?? '')))

/** Those of them that the person has not allowed the client yet. */
function missingClaims({ oidc }: KoaContextWithOIDC): string[] {
  const { Grant: grant } = oidc.entities
  const allowed = new Set(grant?.getOIDCClaims())
  return notCovered(besideScopes(oidc.params), split(grant?.getOIDCScope() ?? '')).filter(
    (claim) => !allowed.has(claim),
  )
}

/** The library's own check of this name asks for claims that scopes bring as well. */
export const claimsMissing = new Check(
  'op_claims_missing',
  'requested claims not granted',
  'consent_required',
  (ctx: KoaContextWithOIDC) =>
    missingClaims(ctx).length > 0 ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
  (ctx: KoaContextWithOIDC) => ({ missingOIDCClaims: missingClaims(ctx) }),
)

/** A scope that was allowed allows its claims, wherever they are asked for: the library knows them apart. */
export function coverClaimsByScopes(provider: Provider): void {
  const { prototype } = provider.Grant
  const { getOIDCClaimsFiltered } = prototype
  prototype.getOIDCClaimsFiltered = function (filter) {
    const scopes = new Set(split(this.getOIDCScope()))
    const covered = [...filter].filter((claim) => scopes.has(scopeOfClaim(claim) ?? ''))
    return [...new Set([...getOIDCClaimsFiltered.call(this, filter), ...covered])]
  }
}
