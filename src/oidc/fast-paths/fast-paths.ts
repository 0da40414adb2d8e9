// Fast paths own: the plain case of what only reads (metadata, keys, introspection, userinfo), of the authorization and of the token endpoint. They own no rule: what a
// token is good for, and when a person has to be asked, is judged by the functions that the library has of us, and whatever is not plain is the library's.
//
//   request ─► is it plain? ─► one look into the database ─► rules ─► body
//                  └───────────────── no ─────────────────────┴─────► the library, from the beginning
import type { JWK } from 'jose'
import { errors } from 'oidc-provider'
import type { DirectRequest } from '../../http/direct-request.ts'
import { AppError } from '../../shared/errors.ts'
import type { TokenReads } from '../../storage/token-reads/token-reads.ts'
import { createAdmits } from '../app-access/rule.ts'
import type { AccountOfProtocol, ProtocolDependencies, TokenHolder } from '../dependencies.ts'
import { createJwtReader, type JwtReader } from '../jwt-access-tokens/reader.ts'
import { createReferences } from '../jwt-access-tokens/reference.ts'
import type { Deciding } from '../provider/build.ts'
import type { ReloadableProvider } from '../provider/reload.ts'
import { routes } from '../provider/routes.ts'
import { authorizePath } from './authorize.ts'
import { clientCredentials } from './client-credentials.ts'
import { documentPaths } from './documents.ts'
import type { FastPath } from './fast-path.ts'
import { giveBackForm } from './form.ts'
import { introspectionPath } from './introspection.ts'
import { libraryGrant } from './library-grant.ts'
import { createLiveTokens, type FindLiveToken } from './live-tokens.ts'
import { tokenPath } from './token.ts'
import { userinfoPath } from './userinfo.ts'

type Dependencies = Pick<
  ProtocolDependencies<AccountOfProtocol>,
  | 'issuer'
  | 'discovery'
  | 'secrets'
  | 'artifacts'
  | 'apiCredentials'
  | 'membershipsOf'
  | 'customClaims'
  | 'hooks'
  | 'organizations'
> & { provider: Pick<ReloadableProvider, 'current' | 'acceptedKeys'> }

/** What judges the plain case of a token, for the endpoints of the protocol and the JSON API. */
export const liveTokensOf = <Account extends TokenHolder>(
  deps: Dependencies,
  reads: TokenReads<Account>,
): FindLiveToken<Account> =>
  createLiveTokens({
    current: () => deps.provider.current(),
    reads,
    jwts: readerOfNow(deps),
    admits: createAdmits(deps.membershipsOf),
    organizations: deps.organizations,
  })

/** @returns the fast path of each endpoint that has one, by its path */
export function createFastPaths(
  deps: Dependencies & {
    liveToken: FindLiveToken
    liveHolder: FindLiveToken<TokenHolder>
    targets: Deciding
  },
): Record<string, FastPath> {
  const shared = { ...deps, current: () => deps.provider.current() }
  const paths = {
    ...documentPaths(shared),
    [routes.introspection]: introspectionPath(shared),
    [routes.userinfo]: userinfoPath(shared),
    [routes.authorization]: authorizePath(shared),
    [routes.token]: tokenPath({
      ...shared,
      isApiCredential: deps.apiCredentials.isApiCredential,
      grants: {
        client_credentials: clientCredentials(deps.targets),
        // Which scopes it goes on without is reported by a middleware.
        refresh_token: libraryGrant('refresh_token', ['refresh_token'], ['scope']),
        authorization_code: libraryGrant('authorization_code', ['code', 'code_verifier', 'redirect_uri']),
      },
    }),
  }
  return Object.fromEntries(Object.entries(paths).map(([path, answer]) => [path, orLibrary(answer)]))
}

/** One reader for each set of keys. */
function readerOfNow({
  issuer,
  artifacts,
  secrets,
  provider,
}: Pick<Dependencies, 'issuer' | 'artifacts' | 'secrets' | 'provider'>): () => JwtReader {
  const references = createReferences(secrets)
  let made: { keys: readonly JWK[]; reader: JwtReader } | undefined
  return () => {
    const keys = provider.acceptedKeys()
    if (made?.keys !== keys) made = { keys, reader: createJwtReader({ issuer, keys, references, artifacts }) }
    return made.reader
  }
}

/** What fails here may fail in the library as well, which answers in the words of the protocol. */
const orLibrary =
  (answer: FastPath): FastPath =>
  async (request) => {
    const answered = await answer(request).catch((error: unknown) => report(request, error))
    if (answered === undefined) giveBackForm(request.raw)
    return answered
  }

function report({ log }: DirectRequest, err: unknown): undefined {
  // An outage or a refusal is told by who answers.
  if (!(err instanceof AppError || err instanceof errors.OIDCProviderError))
    log.error({ err }, 'a fast path failed; the library answers')
}
