import { STATUS_CODES } from 'node:http'
import { ZodError, z } from 'zod'
import { clipped } from '../../shared/problem-lines.ts'
import { ValidationError } from '../../shared/validation-error.ts'

/** A problem details object (RFC 9457 §3.1) with the members our API adds. `type` is about:blank, so left out. */
export interface Problem {
  title: string
  status: number
  detail: string
  /** Stable, machine-readable, snake_case. */
  code: string
  request_id: string
  /** Messages by field name. */
  errors?: Record<string, string[]>
}

/** The same for OpenAPI documents. */
export const problemSchema = z
  .object({
    title: z.string().meta({ examples: ['Unauthorized'] }),
    status: z.int().meta({ examples: [401] }),
    detail: z.string().meta({ description: 'For people.', examples: ['Invalid credentials'] }),
    code: z.string().meta({ description: 'For programs; stable.', examples: ['invalid_credentials'] }),
    request_id: z.string().meta({ examples: ['0b8f3a52-7a0c-4c5e-8f8e-2f7d4d1b9a11'] }),
    errors: z.record(z.string(), z.array(z.string())).optional().meta({ description: 'Messages by field.' }),
    mfa_token: z
      .string()
      .optional()
      .meta({ description: 'With `mfa_required`: names this sign-in in its second factor.' }),
    methods: z
      .array(z.string())
      .optional()
      .meta({ description: 'With `mfa_required`: what the second factor may show, the strongest first.' }),
    provider: z.string().optional().meta({
      description: 'With `provider_required`: the ID of the provider that the address signs in at.',
    }),
    recover_url: z
      .string()
      .optional()
      .meta({
        description:
          'With `mfa_required`: the page for a person who has lost all of `methods`. Open it in a browser; it asks for the password, and starts the recovery.',
        examples: ['https://id.example.com/login/recover'],
      }),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' })

export function problem(
  status: number,
  code: string,
  detail: string,
  requestId: string,
  errors?: Record<string, string[]>,
): Problem {
  const title = STATUS_CODES[status] ?? 'Error'
  return { title, status, detail, code, request_id: requestId, ...(errors && { errors }) }
}

/** Fields that an answer names, messages of each, and characters of a name and of a message. */
const MAX = { fields: 20, messages: 5, name: 64, message: 300 }

/**
 * The messages of an error by field, each field and each message once; undefined when it is not about fields. Errors of
 * features carry them as `errors`: one sentence, or several, a field. However much was wrong, the answer is short.
 */
export function errorsByField(error: unknown): Record<string, string[]> | undefined {
  const found =
    error instanceof ZodError ? issues(error) : error instanceof ValidationError ? carried(error) : []
  if (found.length === 0) return undefined
  // A field may be named “constructor” or “__proto__”: collected in a Map, which inherits nothing.
  const fields = Map.groupBy(found, ([field]) => clipped(field, MAX.name))
  const shown = [...fields].slice(0, MAX.fields).map(([field, all]): [string, string[]] => {
    const messages = new Set(all.map(([, message]) => clipped(message, MAX.message)))
    return [field, [...messages].slice(0, MAX.messages)]
  })
  if (fields.size > MAX.fields) shown.push(['…', [`${fields.size - MAX.fields} more fields are wrong.`]])
  return Object.fromEntries(shown)
}

type Finding = readonly [field: string, message: string]

const issues = (error: ZodError): Finding[] =>
  error.issues.flatMap((issue): Finding[] => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [key, 'This field is not known.'])
    return [[issue.path.map(String).join('.') || 'body', issue.message]]
  })

const carried = ({ problems }: ValidationError): Finding[] =>
  problems.map(({ field, message }): Finding => [field, message])
