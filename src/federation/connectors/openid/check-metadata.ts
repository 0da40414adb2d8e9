import type { Finding } from '../../../shared/finding.ts'
import { AUTH_METHODS } from './auth.ts'
import type { OpenIdOptions } from './connector.ts'
import { acceptedSignatures, discoveryUrl, type Metadata, SIGNATURES, unsafeEndpoints } from './metadata.ts'

/** Whether the document is of the issuer that was set. */
export function issuerFinding({ issuer }: OpenIdOptions, found: Metadata): Finding {
  const name = 'discovery'
  if (found.issuer === issuer) return { name, status: 'ok', message: `${issuer} answers as itself` }
  const bare = (url: string) => url.replace(/\/$/, '')
  const why = bare(found.issuer) === bare(issuer) ? 'the slash at its end counts' : 'every character counts'
  return {
    name,
    status: 'fail',
    message: `${discoveryUrl(issuer)} is of another issuer, ${found.issuer}`,
    remedy: `set issuer to ${found.issuer} if that is the provider you mean: ${why}`,
  }
}

/** What a discovery document says that does not go together with the configuration. */
export const metadataFindings = (options: OpenIdOptions, found: Metadata): Finding[] => [
  endpointsFinding(found),
  flowFinding(found),
  pkceFinding(found),
  authMethodFinding(options, found),
  signatureFinding(options, found),
  scopeFinding(options, found),
]

function endpointsFinding(found: Metadata): Finding {
  const name = 'endpoints'
  const unsafe = unsafeEndpoints(found)
  if (unsafe.length === 0) return { name, status: 'ok', message: 'all https, or on this machine' }
  return {
    name,
    status: 'fail',
    message: `not https: ${unsafe.join(', ')}`,
    remedy: 'make the provider announce https addresses; behind a proxy it has to be told its public URL',
  }
}

function flowFinding({ response_types_supported: types }: Metadata): Finding {
  const name = 'response type'
  if (types === undefined || types.includes('code'))
    return { name, status: 'ok', message: 'code is supported' }
  return {
    name,
    status: 'fail',
    message: 'the provider does not announce code',
    remedy: 'switch the authorization code flow on at the provider',
  }
}

function pkceFinding({ code_challenge_methods_supported: methods }: Metadata): Finding {
  const name = 'PKCE'
  if (methods?.includes('S256')) return { name, status: 'ok', message: 'S256 is supported' }
  return {
    name,
    status: 'warn',
    message: 'the provider does not announce S256; it is sent all the same',
    remedy: 'switch PKCE on at the provider, if it can do it',
  }
}

function authMethodFinding({ authMethod }: OpenIdOptions, found: Metadata): Finding {
  const name = 'client authentication'
  const offered = found.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  if (offered.includes(authMethod)) return { name, status: 'ok', message: `${authMethod} is supported` }
  const known = AUTH_METHODS.filter((method) => offered.includes(method)).join(', ')
  return {
    name,
    status: 'fail',
    message: `the provider does not announce ${authMethod}`,
    remedy:
      known === ''
        ? 'use another provider: there is no method in common'
        : `set auth_method to one of ${known}`,
  }
}

function signatureFinding({ idTokenAlg }: OpenIdOptions, found: Metadata): Finding {
  const name = 'id_token signature'
  const offered = acceptedSignatures(found, undefined)
  const accepted = acceptedSignatures(found, idTokenAlg).filter((alg) => offered.includes(alg))
  if (accepted.length > 0) return { name, status: 'ok', message: `${accepted.join(', ')} accepted` }
  return {
    name,
    status: 'fail',
    message: `the provider does not announce ${idTokenAlg ?? `any of ${SIGNATURES.join(', ')}`}`,
    remedy:
      offered.length > 0
        ? `set id_token_alg to one of ${offered.join(', ')}, or leave it out`
        : 'make the provider sign id_tokens with a key pair, such as RS256',
  }
}

function scopeFinding({ scope }: OpenIdOptions, { scopes_supported: offered }: Metadata): Finding {
  const name = 'scopes'
  const missing = scope.split(' ').filter((each) => offered !== undefined && !offered.includes(each))
  if (missing.length === 0) return { name, status: 'ok', message: scope }
  // A provider need not announce all that it has (OpenID Connect Discovery §3).
  return {
    name,
    status: 'warn',
    message: `the provider does not announce ${missing.join(', ')}`,
    remedy: 'set scope to what the provider has, with openid in it',
  }
}
