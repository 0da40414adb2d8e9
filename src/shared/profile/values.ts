import { z } from 'zod'
import { saying, type TextKey, t } from '../locales/texts.ts'
import { isLoopbackHost } from '../loopback.ts'

// What a value of a profile field has to be like, where it is not plain text.

/** An address of a page or picture, as apps may link to it. */
export const url = (schemes: readonly string[], key: TextKey) =>
  z
    .string(saying(key))
    .trim()
    .max(2000, saying('field.urlTooLong'))
    .refine((text) => {
      const parsed = /^[\x21-\x7e]*$/.test(text) ? URL.parse(text) : null
      return (
        parsed !== null &&
        schemes.includes(parsed.protocol) &&
        parsed.username === '' &&
        parsed.password === ''
      )
    }, saying(key))

/** https; on the machine itself also http, where the pictures of this server are while it is tried. */
export const pictureUrl = url(['https:', 'http:'], 'field.httpsUrl').refine(
  (text) => text.startsWith('https:') || isLoopbackHost(URL.parse(text)?.hostname ?? ''),
  saying('field.httpsUrl'),
)

/** A language tag (BCP 47) in canonical form. */
export const locale = z
  .string(saying('field.text'))
  .trim()
  .max(35, saying('field.language'))
  .transform((tag, context) => {
    try {
      const [canonical] = Intl.getCanonicalLocales(tag)
      if (canonical !== undefined) return canonical
    } catch {
      // Told below.
    }
    context.addIssue({ code: 'custom', message: t('field.language') })
    return z.NEVER
  })

/** A name of the IANA time zone database. An offset is none: it does not tell when clocks change. */
export const zone = z
  .string(saying('field.text'))
  .trim()
  .max(64, saying('field.zone'))
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
    context.addIssue({ code: 'custom', message: t('field.zone') })
    return z.NEVER
  })

/** Core §5.1: YYYY-MM-DD; the year may be 0000, and may stand alone. */
export const birthdate = z
  .string(saying('field.text'))
  .trim()
  .refine((text) => {
    if (/^(?!0000)\d{4}$/.test(text)) return true
    const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)?.map(Number) ?? []
    if (year === undefined || month === undefined || day === undefined) return false
    // Leap days exist without a year too.
    const date = new Date(Date.UTC(year === 0 ? 2000 : year, month - 1, day))
    if (year !== 0) date.setUTCFullYear(year, month - 1, day)
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  }, saying('field.birthdate'))

/** E.164, with what people put between the digits left out. */
export const phoneNumber = z
  .string(saying('field.text'))
  .max(40, saying('field.phone'))
  .transform((typed) => typed.replaceAll(/[\s().-]/g, ''))
  .refine((number) => /^\+[1-9]\d{6,14}$/.test(number), saying('field.phone'))
