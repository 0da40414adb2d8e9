import * as oidc from 'openid-client'
import { z } from 'zod'
import { type Message, message } from '../../../shared/locales/texts.ts'
import { UpstreamError } from '../../connector.ts'
import { isAcceptableUrl, TIMEOUT, upstreamFetch } from '../../upstream.ts'

/** Signatures that are believed: none that is symmetric, so that no secret of ours makes one (ASVS 9.1.2). */
export const SIGNATURES = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'] as const

export type Signature = (typeof SIGNATURES)[number]

/** Printable ASCII without spaces: what goes to the log and to a terminal. */
const printable = z.string().regex(/^[\x21-\x7e]{1,2000}$/)
const names = z.array(z.string()).max(500).exactOptional()
const flag = z.boolean().exactOptional()

/** What is read of a discovery document (OpenID Connect Discovery §3). */
const metadata = z.object({
  issuer: printable,
  authorization_endpoint: printable,
  token_endpoint: printable,
  jwks_uri: printable,
  userinfo_endpoint: printable.exactOptional(),
  scopes_supported: names,
  response_types_supported: names,
  token_endpoint_auth_methods_supported: names,
  id_token_signing_alg_values_supported: names,
  userinfo_signing_alg_values_supported: names,
  code_challenge_methods_supported: names,
  authorization_response_iss_parameter_supported: flag,
  backchannel_logout_supported: flag,
})

export type Metadata = z.infer<typeof metadata>

/** Where the discovery document of an issuer is (OpenID Connect Discovery §4). */
export const discoveryUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`

/**
 * An answer of the provider in its expected shape.
 * @param what is wrong then, for the log, or by the names of its fields
 * @throws UpstreamError `invalid` with the names of what is wrong
 */
export function parseAnswer<T>(
  schema: z.ZodType<T>,
  answer: unknown,
  what: string | ((fields: string) => Message),
): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const wrong = [...new Set(parsed.error.issues.map(({ path }) => path.slice(0, 1).join('')))]
  const fields = wrong.join(', ')
  const text = typeof what === 'string' ? `${what} is not what it should be: ${fields}` : what(fields)
  throw new UpstreamError('invalid', text)
}

/** The discovery document as it is, of whichever issuer. The library compares issuers too loosely, see `discover`. */
export async function readMetadata(issuer: string): Promise<Metadata> {
  const configuration = await oidc.discovery(new URL(discoveryUrl(issuer)), 'none', undefined, oidc.None(), {
    timeout: TIMEOUT,
    [oidc.customFetch]: upstreamFetch,
    execute: [oidc.allowInsecureRequests],
  })
  return parseAnswer(metadata, configuration.serverMetadata(), (fields) =>
    message('provider.problem.shape.discovery', { fields }),
  )
}

/** The endpoints that are neither https nor on this machine. */
export function unsafeEndpoints(found: Metadata): string[] {
  const { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint } = found
  return Object.entries({ authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint })
    .filter(([, url]) => url !== undefined && !isAcceptableUrl(url))
    .map(([name]) => name)
}

/** The signatures to accept of this provider: the one that was set, else those of its that we know. */
export function acceptedSignatures(found: Metadata, only: Signature | undefined): Signature[] {
  const offered = found.id_token_signing_alg_values_supported ?? ['RS256']
  return SIGNATURES.filter((alg) => (only === undefined ? offered.includes(alg) : alg === only))
}

/**
 * The discovery document of exactly this issuer (OpenID Connect Discovery §4.3: “MUST exactly match”).
 * @throws UpstreamError, and what openid-client throws
 */
export async function discover(issuer: string): Promise<Metadata> {
  const found = await readMetadata(issuer)
  if (found.issuer !== issuer)
    throw new UpstreamError('invalid', `the discovery document is of another issuer, ${found.issuer}`)
  const unsafe = unsafeEndpoints(found)
  if (unsafe.length > 0) throw new UpstreamError('invalid', `not https: ${unsafe.join(', ')}`)
  return found
}
