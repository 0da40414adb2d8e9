import { z } from 'zod'
import { isLoopbackHost } from '../loopback.ts'

// What a value of a profile field has to be like, where it is not plain text.

/** An address of a page or picture, as apps may link to it. */
export const url = (schemes: readonly string[], message: string) =>
  z
    .string(message)
    .trim()
    .max(2000, 'This URL is longer than 2000 characters.')
    .refine((text) => {
      const parsed = /^[\x21-\x7e]*$/.test(text) ? URL.parse(text) : null
      return (
        parsed !== null &&
        schemes.includes(parsed.protocol) &&
        parsed.username === '' &&
        parsed.password === ''
      )
    }, message)

/** https; on the machine itself also http, where the pictures of this server are while it is tried. */
export const pictureUrl = url(['https:', 'http:'], 'Give an https URL.').refine(
  (text) => text.startsWith('https:') || isLoopbackHost(URL.parse(text)?.hostname ?? ''),
  'Give an https URL.',
)

/** A language tag (BCP 47) in canonical form. */
export const locale = z
  .string('Enter text.')
  .trim()
  .max(35, 'Choose a language like “en” or “pt-BR”.')
  .transform((tag, context) => {
    try {
      const [canonical] = Intl.getCanonicalLocales(tag)
      if (canonical !== undefined) return canonical
    } catch {
      // Told below.
    }
    context.addIssue({ code: 'custom', message: 'Choose a language like “en” or “pt-BR”.' })
    return z.NEVER
  })

/** A name of the IANA time zone database. An offset is none: it does not tell when clocks change. */
export const zone = z
  .string('Enter text.')
  .trim()
  .max(64, 'Choose a time zone like “Europe/Berlin”.')
  .transform((name, context) => {
    try {
      if (/^[A-Za-z]/.test(name)) {
        const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions()
        // Newer names of a zone are kept: what is resolved may be an older one.
        return timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name
      }
    } catch {
      // Told below.
    }
    context.addIssue({ code: 'custom', message: 'Choose a time zone like “Europe/Berlin”.' })
    return z.NEVER
  })

const BIRTHDATE = 'Write a date like 1815-12-10, 0000-12-10 without the year, or 1815 alone.'
/** Core §5.1: YYYY-MM-DD; the year may be 0000, and may stand alone. */
export const birthdate = z
  .string('Enter text.')
  .trim()
  .refine((text) => {
    if (/^(?!0000)\d{4}$/.test(text)) return true
    const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)?.map(Number) ?? []
    if (year === undefined || month === undefined || day === undefined) return false
    // Leap days exist without a year too.
    const date = new Date(Date.UTC(year === 0 ? 2000 : year, month - 1, day))
    if (year !== 0) date.setUTCFullYear(year, month - 1, day)
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  }, BIRTHDATE)

/** E.164, with what people put between the digits left out. */
export const phoneNumber = z
  .string('Enter text.')
  .max(40, 'Write the number with its country code, like +49 30 123456.')
  .transform((typed) => typed.replaceAll(/[\s().-]/g, ''))
  .refine(
    (number) => /^\+[1-9]\d{6,14}$/.test(number),
    'Write the number with its country code, like +49 30 123456.',
  )
