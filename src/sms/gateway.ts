import { isNotPublic } from '../http/outgoing/guarded-lookup.ts'
import { filledRequest, placeholdersOf } from '../http/outgoing/request-template.ts'
import { hasSecret, leadsAstray } from './secret-host.ts'

/** How long an answer may take, in milliseconds: a person waits for it. */
const TIMEOUT = 10_000
/** The most that is read of an answer, in bytes. */
const MAX_BODY = 64 * 1024

/** The settings of the gateway. */
export interface GatewaySettings {
  readonly smsUrl: string
  readonly smsHeaders: string
  readonly smsBody: string
  readonly smsSuccess: string
}

/**
 * What became of a message. `reason`, for logs, holds no secret, number or code. `answerCode`: what the gateway calls the error, where its
 * answer says it as JSON. `maybeSent`: the request may have been taken all the same.
 */
export type Sent =
  | { kind: 'sent' }
  | { kind: 'failed'; reason: string; answerCode?: string; maybeSent?: true }

export interface SmsGateway {
  /** Whether there is one. */
  readonly on: boolean
  /** @param message.to E.164 */
  send(message: { to: string; text: string; code: string }): Promise<Sent>
}

/** Without the white space that gateways put between the parts of their answers. */
const squeezed = (text: string): string => text.replaceAll(/\s+/g, '')

/** `code`, `status` and the like, as gateways name their errors: short, so that nothing of the message is among them. */
function codeOfAnswer(text: string, code: string): string | undefined {
  const found = /"(?:code|error_code|errorcode|error-code|status)"\s*:\s*"?([\w.-]{1,12})"?\s*[,}]/i.exec(
    text,
  )?.[1]
  return found === undefined || found.includes(code) ? undefined : found
}

/** Why there was no answer. The words of errors may quote a header or an address, with the secret in it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT / 1000} seconds`
  const { cause } = error
  const because = cause instanceof Error ? cause : error
  if (isNotPublic(because)) return 'not a public address: see PRIVATE_HOSTS'
  const { code } = because as Error & { code?: unknown }
  if (because.message.includes('redirect')) return 'it answered with a redirect'
  return typeof code === 'string' && /^[A-Z_0-9]{1,40}$/.test(code) ? `no answer (${code})` : 'no answer'
}

/** Errors before a request is on its way (Node.js, undici): nobody has taken it. */
const NOT_ASKED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Whether a gateway may have taken a message whose request failed. */
function mayHaveTaken(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return true
  if (isNotPublic(cause) || cause.message.includes('redirect')) return false
  return !NOT_ASKED.has(String((cause as Error & { code?: unknown }).code))
}

/**
 * Messages to phones, by a gateway of the operator's: one HTTP request a message, from the templates of the settings.
 * @param deps.secret what `{secret}` stands for @param deps.fetch guarded (src/http/outgoing)
 */
export function createSmsGateway(deps: {
  /** Read at each use. */
  settings: GatewaySettings
  secret: string | undefined
  /** The only host that the secret may go to. */
  secretHost: string | undefined
  fetch: typeof globalThis.fetch
}): SmsGateway {
  const { settings, secret = '' } = deps
  return {
    get on() {
      return settings.smsUrl !== ''
    },

    async send({ to, text, code }) {
      const { smsUrl: url, smsHeaders: headers, smsBody: body } = settings
      const names = placeholdersOf(url + body)
      if (
        !names.some((name) => name === 'to' || name === 'to_digits') ||
        !names.some((name) => name === 'text' || name === 'code')
      )
        return { kind: 'failed', reason: 'sms_url and sms_body have no {to} or no {text}' }
      if (secret === '' && hasSecret(settings)) return { kind: 'failed', reason: 'SMS_SECRET is not set' }
      if (leadsAstray(settings, deps.secretHost))
        return { kind: 'failed', reason: 'sms_url leads to another host than SMS_HOST' }
      try {
        const values = {
          ...{ to, text, code, secret },
          to_digits: to.slice(1),
          secret_base64: Buffer.from(secret).toString('base64'),
        }
        const { url: address, init } = filledRequest({ url, headers, body }, values)
        const response = await deps.fetch(address, {
          ...init,
          headers: { accept: 'application/json', 'user-agent': 'Latchkey', ...init.headers },
          redirect: 'error',
          signal: AbortSignal.timeout(TIMEOUT),
        })
        const answer = await bounded(response)
        if (answer === undefined)
          return { kind: 'failed', reason: `an answer of more than ${MAX_BODY} bytes`, maybeSent: true }
        const answerCode = codeOfAnswer(answer, code)
        if (!response.ok)
          return {
            ...{ kind: 'failed', reason: `status ${response.status}` },
            ...(answerCode && { answerCode }),
            // A proxy says 502 or 504 of what goes on behind it.
            ...(response.status >= 500 && { maybeSent: true }),
          }
        if (settings.smsSuccess !== '' && !squeezed(answer).includes(squeezed(settings.smsSuccess)))
          return {
            kind: 'failed',
            reason: `status ${response.status} without the text of sms_success`,
            ...(answerCode && { answerCode }),
          }
        return { kind: 'sent' }
      } catch (error) {
        return { kind: 'failed', reason: reasonOf(error), ...(mayHaveTaken(error) && { maybeSent: true }) }
      }
    },
  }
}

/** Undefined: it is longer. */
async function bounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_BODY) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
