import { z } from 'zod'
import { domainOf } from '../../shared/domain-name.ts'
import { saying } from '../../shared/locales/texts.ts'
import { UpstreamError } from '../connector.ts'
import { connectorKind } from '../connector-kind.ts'
import { claimNames } from './openid/claims.ts'
import { createOpenIdConnector } from './openid/connector.ts'
import { issuer, issuerField } from './openid/issuer.ts'

const domain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, saying('admin.providers.problem.google.domain'))

/** The parameter only narrows what Google shows; the signed claim is what counts. */
function requireDomain(domain: string, claims: Readonly<Record<string, unknown>>): void {
  if (claims.hd !== domain)
    throw new UpstreamError('not_allowed', 'the Google account is not of the hosted domain')
}

/**
 * Google: OpenID Connect with habits of its own. Its id_tokens may name the issuer without its scheme and have every claim
 * in them; it knows no prompt=login, and tells nobody about signing out.
 */
export const google = connectorKind({
  about: {
    name: 'Google',
    sentence: 'Everybody, or one Workspace',
    docs: 'https://developers.google.com/identity/openid-connect/openid-connect#appsetup',
  },
  icon: '<g fill="none" stroke-width="4"><path stroke="#ea4335" d="M18.01 5.99A8.5 8.5 0 0 0 4.3 8.41"/><path stroke="#fbbc05" d="M4.3 8.41A8.5 8.5 0 0 0 4.3 15.59"/><path stroke="#34a853" d="M4.3 15.59A8.5 8.5 0 0 0 17.46 18.51"/><path stroke="#4285f4" d="M12.2 12H20.5A8.5 8.5 0 0 1 17.46 18.51"/></g>',
  secret: 'required',
  environment: true,
  fields: {
    issuer: {
      ...issuerField,
      schema: issuer.default('https://accounts.google.com'),
      variable: 'ISSUER',
      normalise: (text) => text.replace(/\/+$/, ''),
    },
    hosted_domain: {
      schema: domain.optional(),
      input: 'text',
      example: 'example.com',
      option: '--hosted-domain <domain>',
      sentence: 'only accounts of this Google Workspace domain',
      label: 'Workspace domain',
      hint: 'Empty: every Google account.',
      variable: 'HOSTED_DOMAIN',
      normalise: (text) => domainOf(text) ?? text,
    },
  },
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
      ...(domain !== undefined && { requireClaims: (claims) => requireDomain(domain, claims) }),
    })
  },
})
