/**
 * What the network or the library said of a provider, in words for who sets it up: none of what Node.js, OpenSSL and the library write
 * stands there, but a code by which a search finds it.
 */
import { isNotPublic } from '../http/outgoing/guarded-lookup.ts'
import { type Message, message } from '../shared/locales/texts.ts'

interface Told {
  host: string
  /** That an answer may take. */
  seconds: number
  /** The provider reaches no address inside. */
  inside: boolean
}

const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
/** Of a verified chain (OpenSSL `X509_V_ERR_…`, as Node.js writes them) and of the host in it (RFC 9525). */
const CERTIFICATE =
  /^(?:CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE))/
const NO_TLS = /^(?:EPROTO|ERR_SSL_)/
/** Of what reads HTTP, and of what unpacks a body. */
const UNREADABLE = /^(?:HPE_|Z_|UND_ERR_)/

/**
 * Why no answer came, or not all of it. A provider that reaches no address inside says the same of a name that does not resolve and of
 * one that leads inside: else its managers could find out which names there are in this network.
 */
export function networkInWords(error: unknown, { host, seconds, inside }: Told): Message {
  let last: string | undefined
  for (let next = error; next instanceof Error; next = next.cause) {
    const { code, syscall } = next as NodeJS.ErrnoException
    const unresolved = syscall === 'getaddrinfo'
    if (inside && (unresolved || isNotPublic(next))) return message('provider.problem.inside', { host })
    if (unresolved) return message('provider.problem.unresolved', { host })
    if (next.name === 'TimeoutError' || code === 'UND_ERR_CONNECT_TIMEOUT')
      return message('provider.problem.timeout', { seconds: String(seconds) })
    // Ports of other protocols, to which no request goes (Fetch §2.9); it has no code.
    if (next.message === 'bad port') return message('provider.problem.port', { host })
    if (next.name === 'HTTPParserError') return message('provider.problem.unreadable', { host })
    if (typeof code !== 'string') continue
    if (code === 'ECONNREFUSED') return message('provider.problem.refused', { host })
    if (CLOSED.has(code)) return message('provider.problem.closed', { host })
    if (CERTIFICATE.test(code)) return message('provider.problem.certificate', { host, code })
    if (NO_TLS.test(code)) return message('provider.problem.tls', { host, code })
    if (UNREADABLE.test(code)) return message('provider.problem.unreadable', { host })
    last = code
  }
  return failedInWords(error, last)
}

/** What has no words of its own. @param code of the network */
export const failedInWords = (error: unknown, code?: string): Message =>
  message('provider.problem.failed', { code: code ?? (error instanceof Error ? error.name : 'unknown') })

const NO_JSON = new Set(['OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR'])

/** What is wrong with an answer, by the library's code of it. */
export function answerInWords({ code, name, cause }: Error & { code?: string | undefined }): Message {
  if (code !== undefined && NO_JSON.has(code)) return message('provider.problem.no_json')
  if (cause instanceof Response) return message('provider.problem.status', { status: String(cause.status) })
  return message('provider.problem.unfit', { code: code ?? name })
}
