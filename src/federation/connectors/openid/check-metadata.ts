import type { Finding } from '../../../shared/finding.ts'
import { t } from '../../../shared/locales/texts.ts'
import { AUTH_METHODS } from './auth.ts'
import type { OpenIdOptions } from './connector.ts'
import { acceptedSignatures, discoveryUrl, type Metadata, SIGNATURES, unsafeEndpoints } from './metadata.ts'

/** Whether the document is of the issuer that was set. */
export function issuerFinding({ issuer }: OpenIdOptions, found: Metadata): Finding {
  const name = t('provider.finding.name.discovery')
  if (found.issuer === issuer)
    return { name, status: 'ok', message: t('provider.finding.discovery.ok', { issuer }) }
  const bare = (url: string) => url.replace(/\/$/, '')
  const slash = bare(found.issuer) === bare(issuer)
  return {
    name,
    status: 'fail',
    message: t('provider.finding.discovery.other', {
      url: discoveryUrl(issuer),
      issuer: found.issuer,
    }),
    remedy: t(slash ? 'provider.finding.discovery.slash' : 'provider.finding.discovery.character', {
      issuer: found.issuer,
    }),
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
  const name = t('provider.finding.name.endpoints')
  const unsafe = unsafeEndpoints(found)
  if (unsafe.length === 0) return { name, status: 'ok', message: t('provider.finding.endpoints.ok') }
  return {
    name,
    status: 'fail',
    message: t('provider.finding.endpoints.unsafe', { urls: unsafe.join(', ') }),
    remedy: t('provider.finding.endpoints.remedy'),
  }
}

function flowFinding({ response_types_supported: types }: Metadata): Finding {
  const name = t('provider.finding.name.response_type')
  if (types === undefined || types.includes('code'))
    return { name, status: 'ok', message: t('provider.finding.code.ok') }
  return {
    name,
    status: 'fail',
    message: t('provider.finding.code.none'),
    remedy: t('provider.finding.code.remedy'),
  }
}

function pkceFinding({ code_challenge_methods_supported: methods }: Metadata): Finding {
  const name = t('provider.finding.name.pkce')
  if (methods?.includes('S256')) return { name, status: 'ok', message: t('provider.finding.pkce.ok') }
  return {
    name,
    status: 'warn',
    message: t('provider.finding.pkce.none'),
    remedy: t('provider.finding.pkce.remedy'),
  }
}

function authMethodFinding({ authMethod }: OpenIdOptions, found: Metadata): Finding {
  const name = t('provider.finding.name.auth')
  const offered = found.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  if (offered.includes(authMethod))
    return { name, status: 'ok', message: t('provider.finding.auth.ok', { method: authMethod }) }
  const known = AUTH_METHODS.filter((method) => offered.includes(method)).join(', ')
  return {
    name,
    status: 'fail',
    message: t('provider.finding.auth.none', { method: authMethod }),
    remedy:
      known === ''
        ? t('provider.finding.auth.remedy.none')
        : t('provider.finding.auth.remedy', { methods: known }),
  }
}

function signatureFinding({ idTokenAlg }: OpenIdOptions, found: Metadata): Finding {
  const name = t('provider.finding.name.signature')
  const offered = acceptedSignatures(found, undefined)
  const accepted = acceptedSignatures(found, idTokenAlg).filter((alg) => offered.includes(alg))
  if (accepted.length > 0)
    return {
      name,
      status: 'ok',
      message: t('provider.finding.signature.ok', { algorithms: accepted.join(', ') }),
    }
  return {
    name,
    status: 'fail',
    message:
      idTokenAlg === undefined
        ? t('provider.finding.signature.none.any', { algorithms: SIGNATURES.join(', ') })
        : t('provider.finding.signature.none', { algorithm: idTokenAlg }),
    remedy:
      offered.length > 0
        ? t('provider.finding.signature.remedy', { algorithms: offered.join(', ') })
        : t('provider.finding.signature.remedy.none'),
  }
}

function scopeFinding({ scope }: OpenIdOptions, { scopes_supported: offered }: Metadata): Finding {
  const name = t('provider.finding.name.scopes')
  const missing = scope.split(' ').filter((each) => offered !== undefined && !offered.includes(each))
  if (missing.length === 0) return { name, status: 'ok', message: scope }
  // A provider need not announce all that it has (OpenID Connect Discovery §3).
  return {
    name,
    status: 'warn',
    message: t('provider.finding.scopes.missing', { scopes: missing.join(', ') }),
    remedy: t('provider.finding.scopes.remedy'),
  }
}
