import { z } from 'zod'
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
    .string({ error: 'must be an address, for example https://app.example/webhooks' })
    .trim()
    .max(MAX_URL, { error: `is longer than ${MAX_URL} characters` })
    .transform((text, context) => {
      const url = URL.parse(text)
      const problem =
        url === null || !/^https?:$/.test(url.protocol)
          ? 'must be an address, for example https://app.example/webhooks'
          : url.username !== '' || url.password !== ''
            ? 'must hold no username or password: what is sent is signed'
            : url.hash !== ''
              ? 'must have no fragment (#…)'
              : rules.urlProblem(url)
      if (problem === undefined && url !== null) return url.href
      context.addIssue({ code: 'custom', message: problem ?? 'is not known' })
      return z.NEVER
    })

const eventsOf = (rules: WebhookRules) =>
  z
    .array(z.string(), { error: 'must be a list of types, for example ["user.created", "session.*"]' })
    .min(1, { error: 'must name at least one type; * is all of them' })
    .max(MAX_EVENTS, { error: `must name at most ${MAX_EVENTS} types` })
    .transform((patterns, context) => {
      const unknown = patterns.filter((pattern) => !rules.isPattern(pattern))
      if (unknown.length === 0) return [...new Set(patterns)]
      context.addIssue({
        code: 'custom',
        message: `has no such type: ${unknown.slice(0, 5).join(', ').slice(0, 200)}. The types are listed in docs/webhooks.md.`,
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
    disabled: z.boolean({ error: 'must be true or false' }).default(false),
  })
  const parsed = schema.safeParse({ ...before, ...input })
  if (parsed.success) return parsed.data
  throw new ValidationError(schemaProblems(parsed.error), { code: 'invalid_webhook' })
}
