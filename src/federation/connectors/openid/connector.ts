import * as oidc from 'openid-client'
import { z } from 'zod'
import { epochSeconds } from '../../../shared/clock.ts'
import { message } from '../../../shared/locales/texts.ts'
import { claimNamed } from '../../claims.ts'
import {
  type Connector,
  type Registration,
  UpstreamError,
  type UpstreamIdentity,
  type UpstreamTokens,
} from '../../connector.ts'
import { asUpstreamError, TIMEOUT } from '../../upstream.ts'
import { checkOpenId } from './check.ts'
import { type ClaimNames, identifier, isPartial, mergeProfiles, type Profile, readProfile } from './claims.ts'
import { type ClientOptions, type OpenIdClient, rememberClient } from './client.ts'
import { exchangeCode, type Grant } from './grant.ts'
import { verifyLogoutToken } from './logout.ts'
import { parseAnswer } from './metadata.ts'
import { authorizationParameters } from './request.ts'

/** In what the providers that speak OpenID Connect differ. */
export interface OpenIdOptions extends ClientOptions {
  scope: string
  claims: ClaimNames
  trustEmail: boolean
  /** Further parameters of the authorization request, and those that ask for a new sign-in. */
  parameters: { always: Record<string, string>; again: Record<string, string> }
  /** A second spelling of the issuer that its id_tokens may have. */
  otherIssuer?: string
  /** False: all there is to know is in the id_token. */
  userInfo: boolean
  /** Whether it tells us about signing out. */
  logout: boolean
  /** Looks at the claims of a verified id_token. @throws UpstreamError `not_allowed` */
  requireClaims?(claims: Readonly<Record<string, unknown>>): void
}

/** Bytes of base64url: what an id_token with hundreds of groups has. */
const token = z
  .string()
  .min(1)
  .max(64 * 1024)
const TEN_YEARS = 10 * 365 * 24 * 3600

const tokenResponse = z.object({
  access_token: token,
  refresh_token: token.optional(),
  id_token: token.optional(),
  scope: identifier(2000).optional().catch(undefined),
  expires_in: z.number().min(0).max(TEN_YEARS).optional().catch(undefined),
})

const idToken = z.looseObject({ sub: identifier(255), sid: identifier(500).optional().catch(undefined) })

function readTokens(grant: Grant): UpstreamTokens {
  const { expires_in, ...tokens } = parseAnswer(tokenResponse, grant, 'the answer of the token endpoint')
  if (expires_in === undefined) return tokens
  return { ...tokens, expires_at: epochSeconds(Date.now) + Math.floor(expires_in) }
}

/** No claim goes further that nobody asks for. */
const chosen = (
  claims: Readonly<Record<string, unknown>>,
  wanted: readonly string[],
): Pick<UpstreamIdentity, 'claims'> =>
  wanted.length === 0
    ? {}
    : { claims: Object.fromEntries(wanted.map((name) => [name, claimNamed(claims, name)])) }

/** One limit for all requests of an action; each of them has the same for itself. */
async function inTime<T>(action: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const text = message('provider.problem.timeout', { seconds: String(TIMEOUT) })
    const error = new UpstreamError('unreachable', text)
    timer = setTimeout(reject, TIMEOUT * 1000, error)
  })
  try {
    return await Promise.race([action(), late])
  } catch (error) {
    throw asUpstreamError(error)
  } finally {
    clearTimeout(timer)
  }
}

/** A provider that speaks OpenID Connect: the authorization code flow with PKCE, state and nonce. */
export function createOpenIdConnector(registration: Registration, options: OpenIdOptions): Connector {
  const discovered = rememberClient(registration, options)
  const read = (claims: Readonly<Record<string, unknown>>) =>
    readProfile(claims, options.claims, options.trustEmail)

  /** The id_token is signed, so what it says comes first. */
  async function profileOf(
    client: OpenIdClient,
    grant: Grant,
    claims: oidc.IDToken,
    wanted: readonly string[],
  ): Promise<Profile & Pick<UpstreamIdentity, 'claims'>> {
    const profile = read(claims)
    const asks = options.userInfo && client.metadata.userinfo_endpoint !== undefined
    const lacks = wanted.some((name) => claimNamed(claims, name) === undefined)
    if (!asks || !(isPartial(profile) || lacks)) return { ...profile, ...chosen(claims, wanted) }
    const answer = await client.use((configuration) =>
      oidc.fetchUserInfo(configuration, grant.access_token, claims.sub),
    )
    return { ...mergeProfiles(profile, read(answer)), ...chosen({ ...answer, ...claims }, wanted) }
  }

  const connector: Connector = {
    authorize: (attempt, request) =>
      inTime(async () => {
        const client = await discovered()
        const parameters = await authorizationParameters(attempt, request, options)
        return client.use(async (configuration) => oidc.buildAuthorizationUrl(configuration, parameters))
      }),

    identify: (callback, attempt, wanted = []) =>
      inTime(async () => {
        const client = await discovered()
        const grant = await exchangeCode(client, callback, attempt, options.otherIssuer)
        const claims = grant.claims()
        if (claims === undefined) throw new UpstreamError('invalid', 'the provider sent no id_token')
        const { sub, sid } = parseAnswer(idToken, claims, 'the id_token')
        options.requireClaims?.(claims)
        const profile = await profileOf(client, grant, claims, wanted)
        // The id_token's issuer is this one, or its second spelling.
        return { issuer: client.metadata.issuer, subject: sub, ...profile, sid, tokens: readTokens(grant) }
      }),

    check: (redirectUri) => checkOpenId(registration, options, redirectUri),
  }
  if (!options.logout) return connector
  return {
    ...connector,
    logout: (logoutToken) =>
      inTime(async () => {
        const { metadata, signatures, logoutKeys } = await discovered()
        const { clientId } = registration
        return verifyLogoutToken(logoutToken, {
          issuer: metadata.issuer,
          clientId,
          signatures,
          keys: logoutKeys,
        })
      }),
  }
}
