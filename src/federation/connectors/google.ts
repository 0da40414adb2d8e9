import { z } from 'zod'
import { type ConnectorKind, UpstreamError } from '../connector.ts'
import { issuer } from './oidc-settings.ts'
import { claimNames } from './openid/claims.ts'
import { createOpenIdConnector } from './openid/connector.ts'

const settings = z.strictObject({
  issuer: issuer.default('https://accounts.google.com'),
  /** Only accounts of this Google Workspace get in. */
  hosted_domain: z
    .string()
    .max(253)
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, { error: 'a domain in lower case, such as example.com' })
    .optional(),
})

type GoogleSettings = z.infer<typeof settings>

/** The parameter only narrows what Google shows; the signed claim is what counts. */
function requireDomain(domain: string, claims: Readonly<Record<string, unknown>>): void {
  if (claims.hd !== domain)
    throw new UpstreamError('not_allowed', 'the Google account is not of the hosted domain')
}

/**
 * Google: OpenID Connect with habits of its own. Its id_tokens may name the issuer without its scheme and have every claim
 * in them; it knows no prompt=login, and tells nobody about signing out.
 */
export const google: ConnectorKind<GoogleSettings> = {
  displayName: 'Google',
  settings,
  create(registration, { issuer, hosted_domain: domain }) {
    return createOpenIdConnector(registration, {
      issuer,
      otherIssuer: issuer.replace(/^https?:\/\//, ''),
      authMethod: 'client_secret_post',
      idTokenAlg: undefined,
      scope: 'openid profile email',
      claims: claimNames.parse(undefined),
      trustEmail: false,
      parameters: {
        always: domain === undefined ? {} : { hd: domain },
        again: { prompt: 'select_account' },
      },
      userInfo: false,
      logout: false,
      ...(domain !== undefined && { admit: (claims) => requireDomain(domain, claims) }),
    })
  },
}
