import { domainToASCII } from 'node:url'
import { z } from 'zod'
import { saying, t } from '../../shared/locales/texts.ts'

/** RFC 5321 §4.1.2 Dot-string; quoted local parts exist on paper and in attacks only. */
const dotString = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i
const hostname = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The canonical form of an address, or undefined when it is none: lower case, domain in ASCII (RFC 5891).
 * The local part is lower-cased too: no provider in use tells mailboxes apart by case, and people type capitals.
 * It is ASCII: an address that many mail servers cannot reach (RFC 6531) would lock its owner out.
 */
export function canonicalEmail(typed: string): string | undefined {
  const address = typed.trim()
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(0, at))
  const typedDomain = address.slice(at + 1)
  if (!dotString.test(local) || local.length > 64 || /[\s%/\\?#:[\]]/.test(typedDomain)) return undefined
  const domain = domainToASCII(typedDomain)
  if (!hostname.test(domain)) return undefined
  return `${local.toLowerCase()}@${domain}`
}

/** An email address in canonical form, at most 254 characters (RFC 5321 §4.5.3.1.3). */
export const emailAddress = z
  .string(saying('email.enter'))
  .max(320, saying('email.tooLong'))
  .transform((typed, context) => {
    const address = canonicalEmail(typed)
    if (address !== undefined && address.length <= 254) return address
    context.addIssue({
      code: 'custom',
      message: t(address ? 'email.tooLong' : 'email.like'),
    })
    return z.NEVER
  })
