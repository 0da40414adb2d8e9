import { domainOfAddress } from '../../shared/domain-name.ts'
import { anyOf } from '../../shared/locales/lists.ts'
import { t } from '../../shared/locales/texts.ts'

/**
 * Why an address may not be used, as a sentence for the person; undefined: it may. A domain stands for itself alone,
 * not for what is below it.
 * @param emailDomains lower case, ASCII; an empty list allows every domain
 * @param email in canonical form
 */
export function refusedDomain(emailDomains: readonly string[], email: string): string | undefined {
  if (emailDomains.length === 0 || emailDomains.includes(domainOfAddress(email))) return undefined
  return t('email.domain', { domains: anyOf(emailDomains) })
}
