import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { saying, t } from '../../shared/locales/texts.ts'
import { line } from '../../shared/text.ts'

/** Names that would let a person pass for the service itself: RFC 2142 mailboxes, roles, paths of ours. */
const reserved = new Set(
  (
    'abuse account accounts admin administrator anonymous api auditor billing console guest help hostmaster info ' +
    'interaction latchkey login logout me moderator no-reply nobody noreply null oauth official oidc operator owner ' +
    'postmaster register root security service setup staff superuser support sysadmin system undefined webmaster'
  ).split(' '),
)

/** The form that is compared and unique: NFKC, lower case. */
export const canonicalUsername = (typed: string): string => typed.normalize('NFKC').trim().toLowerCase()

/** What a person sees: as typed, capitals kept. Same letters as the canonical form. */
export const displayedUsername = (typed: string): string => typed.normalize('NFKC').trim()

const shape = z
  .string()
  .min(3, saying('field.atLeast', { min: 3 }))
  .max(32, saying('field.atMost', { max: 32 }))
  .refine((name) => !name.includes('@'), saying('username.noEmail'))
  .regex(/^[a-z0-9._-]*$/, saying('username.letters'))
  .regex(/^(?:$|[a-z0-9])/, saying('username.start'))

const typed = z.string(saying('username.choose')).max(256, saying('field.atMost', { max: 32 }))

/** A username as typed, checked in its canonical form. Take `canonicalUsername` of it to compare or store. */
export const username = typed.transform((text, context) => {
  const checked = shape.safeParse(canonicalUsername(text))
  if (checked.success && !reserved.has(checked.data)) return displayedUsername(text)
  const message = checked.success
    ? t('username.reserved')
    : (checked.error.issues[0]?.message ?? t('username.another'))
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/**
 * As `username`, with reserved names allowed: for the operator of the server. “admin” as the first administrator's
 * name deceives no one.
 */
export const anyUsername = typed.transform((text, context) => {
  const checked = shape.safeParse(canonicalUsername(text))
  if (checked.success) return displayedUsername(text)
  context.addIssue({
    code: 'custom',
    message: checked.error.issues[0]?.message ?? t('username.another'),
  })
  return z.NEVER
})

/**
 * A username that another system has given out: people go on signing in by it, so it keeps what was allowed there, email
 * addresses and reserved names included. One line of 1 to 64 characters.
 */
export const importedUsername = z
  .string(saying('username.text'))
  .max(256, saying('field.atMost', { max: 64 }))
  .transform(displayedUsername)
  .pipe(line(64))
  .refine((name) => name !== '', saying('field.atLeast', { min: 1 }))

/** A valid username made from any text, to which a number may be appended: at most 28 characters. */
export function usernameFrom(text: string): string {
  const letters = text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, '')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 28)
  return letters.length >= 3 ? letters : `user${letters}`
}

/** A username that is valid and free, made from the first of these that will do; a random one if none does. */
export async function suggestUsername(
  hints: readonly string[],
  isFree: (candidate: string) => Promise<boolean>,
): Promise<string> {
  for (const base of [...hints.map(usernameFrom), 'user']) {
    for (let suffix = 1; suffix < 100; suffix++) {
      const candidate = suffix === 1 ? base : `${base}${suffix}`
      if (username.safeParse(candidate).success && (await isFree(candidate))) return candidate
    }
  }
  return `user${randomUUID().slice(0, 8)}`
}
