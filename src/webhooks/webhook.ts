import { z } from 'zod'
import { saying, t } from '../shared/locales/texts.ts'
import { line } from '../shared/text.ts'
import { schemaProblems, ValidationError } from '../shared/validation-error.ts'

/** A webhook as administrators see it, without its secrets. Times are milliseconds since the epoch. */
export interface Webhook {
  id: string
  url: string
  description: string
  /** Types of events and patterns of them: `user.created`, `user.*`, `*`. */
  events: string[]
  /** Undefined: it is active. */
  disabled: { at: number; reason: 'administrator' | 'failing' } | undefined
  /** Since when every try has failed. */
  failingSince: number | undefined
  /** Until when the secret before the last one signs too. */
  formerUntil: number | undefined
  version: number
  createdAt: number
}

/** What a webhook is described with: these fields by REST, by command line and in the form. */
export interface WebhookContent {
  url: string
  description: string
  events: string[]
  disabled: boolean
}

/** What is asked of the address and of the events. */
export interface WebhookRules {
  /** Undefined: events may be sent there; else why not. */
  urlProblem(url: URL): string | undefined
  isPattern(pattern: string): boolean
}

const MAX_URL = 2000
const MAX_EVENTS = 100

const urlOf = (rules: WebhookRules) =>
  z
    .string(saying('admin.webhooks.problem.url'))
    .trim()
    .max(MAX_URL, saying('admin.webhooks.problem.url.long', { most: String(MAX_URL) }))
    .transform((text, context) => {
      const url = URL.parse(text)
      const problem =
        url === null || !/^https?:$/.test(url.protocol)
          ? t('admin.webhooks.problem.url')
          : url.username !== '' || url.password !== ''
            ? t('admin.webhooks.problem.url.user')
            : url.hash !== ''
              ? t('admin.webhooks.problem.url.fragment')
              : rules.urlProblem(url)
      if (problem === undefined && url !== null) return url.href
      context.addIssue({ code: 'custom', message: problem ?? t('admin.common.problem.unknown') })
      return z.NEVER
    })

const eventsOf = (rules: WebhookRules) =>
  z
    .array(z.string(), saying('admin.webhooks.problem.events'))
    .min(1, saying('admin.webhooks.problem.events.none'))
    .max(MAX_EVENTS, saying('admin.webhooks.problem.events.many', { most: MAX_EVENTS }))
    .transform((patterns, context) => {
      const unknown = patterns.filter((pattern) => !rules.isPattern(pattern))
      if (unknown.length === 0) return [...new Set(patterns)]
      context.addIssue({
        code: 'custom',
        message: t('admin.webhooks.problem.events.unknown', {
          types: unknown.slice(0, 5).join(', ').slice(0, 200),
        }),
      })
      return z.NEVER
    })

const DESCRIPTION = 200

/**
 * @param before what stays where a field is left out; undefined: a new one
 * @throws ValidationError invalid_webhook (422) with every problem at once
 */
export function parseWebhook(
  input: Readonly<Record<string, unknown>>,
  rules: WebhookRules,
  before?: WebhookContent,
): WebhookContent {
  const description = line(DESCRIPTION)
  const schema = z.strictObject({
    url: urlOf(rules),
    events: eventsOf(rules),
    description: description.default(''),
    disabled: z.boolean(saying('admin.common.problem.boolean')).default(false),
  })
  const parsed = schema.safeParse({ ...before, ...input })
  if (parsed.success) return parsed.data
  throw new ValidationError(schemaProblems(parsed.error), { code: 'invalid_webhook' })
}
