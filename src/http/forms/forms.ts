import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message, type TextKey } from '../../shared/locales/texts.ts'
import { setErrorFormat } from '../errors/format.ts'
import { isSecret } from '../logging/redaction.ts'
import { requireCsrfToken } from './csrf.ts'
import { type FlashPages, registerFlash } from './flash.ts'
import { type Interrupted, type OwnerOf, resumeForms } from './interrupted.ts'
import { answerSameFormOnce } from './same-form-twice.ts'
import { refuseCrossOrigin } from './same-origin.ts'

/** The largest form. */
export const MAX_BYTES = 16 * 1024
const MAX_FIELDS = 100

/** The user code stands on the screen of the device (RFC 8628 §3.3), and a person compares it: of all secrets it is shown again. */
const isShownAgain = (field: string) => !isSecret(field) || field === 'user_code'

export type FormResult<T> =
  | { ok: true; value: T }
  | {
      ok: false
      /** The first message of each field that was wrong. */
      errors: Record<string, string>
      /** What was typed, safe to show again: no passwords, codes or tokens. */
      values: Record<string, string>
    }

/**
 * Makes a context take HTML forms and nothing else: urlencoded bodies up to 16 KiB, from our own pages only, with a
 * CSRF token; every answer leads on by a redirect to a page; a form sent twice is done once.
 */
export async function registerForms(
  app: FastifyInstance,
  options: {
    issuer: URL
    clock: Clock
    flash: FlashPages
    interrupted: Interrupted
    ownerOf?: OwnerOf | undefined
  },
): Promise<void> {
  await readForms(app, { issuer: options.issuer, before: () => registerFlash(app, options.flash) })
  if (options.ownerOf) resumeForms(app, options.interrupted, options.ownerOf)
  answerSameFormOnce(app, options.clock)
}

/**
 * Makes a context read urlencoded bodies up to 16 KiB, from our own pages only, with a CSRF token. For scripts of pages; forms have more (registerForms).
 * @param options.before adds hooks in front of those
 */
export async function readForms(
  app: FastifyInstance,
  { issuer, before }: { issuer: URL; before?: () => void },
): Promise<void> {
  setErrorFormat(app, 'html')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  await app.register(formbody, { bodyLimit: MAX_BYTES, parser: parseUrlEncoded })
  before?.()
  app.addHook('onRequest', refuseCrossOrigin(issuer))
  requireCsrfToken(app)
}

/** Checks a submitted form against an object schema. */
export function parseForm<T>(schema: z.ZodType<T>, body: unknown): FormResult<T> {
  const fields = body ?? {}
  const result = schema.safeParse(fields)
  if (result.success) return { ok: true, value: result.data }
  // The first message of a field stays; a Map, for a field may have any name.
  const errors = new Map<string, string>()
  for (const { path, message } of result.error.issues) {
    const field = String(path[0] ?? 'form')
    if (!errors.has(field)) errors.set(field, message)
  }
  return { ok: false, errors: Object.fromEntries(errors), values: shownAgain(fields) }
}

/** The values of a form that may be shown again after an error. */
export function shownAgain(body: unknown): Record<string, string> {
  const shown = Object.entries(body ?? {}).filter(
    ([name, value]) => typeof value === 'string' && isShownAgain(name),
  )
  return Object.fromEntries(shown)
}

/**
 * application/x-www-form-urlencoded, strictly: each field once (RFC 6749 §3.1 asks it of parameters; a repeated
 * field is read differently by different parsers), valid UTF-8, no NUL (PostgreSQL refuses it).
 * @throws AppError invalid_form, 400
 */
export function parseUrlEncoded(text: string): Record<string, string> {
  // Raw bytes that are not UTF-8 have become replacement characters; browsers percent-encode everything anyway.
  if (text.includes('\uFFFD')) throw invalid('error.form.bytes')
  const fields: Record<string, string> = Object.create(null)
  const pairs = text.split('&').filter((pair) => pair !== '')
  if (pairs.length > MAX_FIELDS) throw invalid('error.form.many')
  for (const pair of pairs) {
    const [name = '', ...rest] = pair.split('=')
    const field = decode(name)
    if (Object.hasOwn(fields, field)) throw invalid('error.form.twice')
    fields[field] = decode(rest.join('='))
  }
  return fields
}

function decode(text: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalid('error.form.encoding')
  }
  if (decoded.includes('\0')) throw invalid('error.form.nul')
  return decoded
}

const invalid = (key: TextKey) => new AppError('invalid_form', 400, message(key))
