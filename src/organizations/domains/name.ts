import { domainOf } from '../../shared/domain-name.ts'
import { t } from '../../shared/locales/texts.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import { PUBLIC_PROVIDERS } from './public-providers.ts'

/** Names that are nobody's on the Internet (RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476; `internal`: ICANN). */
const OF_NOBODY = /\.(localhost|local|internal|invalid|onion|arpa|alt)$/

/** A domain in canonical form: lower case, ASCII (RFC 5891), no dot at the end. Undefined: that is none. */
export function canonicalDomain(typed: string): string | undefined {
  if (typed.length > 320) return undefined
  return domainOf(typed.trim().replace(/\.$/, ''))
}

/** A domain that an organization may say is its own. @throws ValidationError (422) on `field` */
export function parseDomain(given: unknown, field = 'domain'): string {
  const domain = typeof given === 'string' ? canonicalDomain(given) : undefined
  if (domain === undefined || !domain.includes('.') || OF_NOBODY.test(`.${domain}`))
    throw refusedFields({ [field]: t('organizations.domain.like') })
  if (PUBLIC_PROVIDERS.has(domain))
    throw refusedFields({ [field]: t('organizations.domain.public', { domain }) })
  return domain
}
