import { AsyncLocalStorage } from 'node:async_hooks'
import * as oidc from 'openid-client'
import { type Message, message } from '../shared/locales/texts.ts'
import { isLoopbackHost } from '../shared/loopback.ts'
import { withoutUnfitKeys } from '../shared/rsa.ts'
import { UpstreamError, type UpstreamReason } from './connector.ts'
import { answerInWords, failedInWords, networkInWords } from './in-words.ts'

/** Seconds that a provider may take for one answer. */
export const TIMEOUT = 5

/** The most that is read of an answer, in bytes. The longest honest one is a discovery document or a key set. */
const MAX_BODY = 512 * 1024

/** GitHub refuses requests without one. */
const USER_AGENT = 'Latchkey'

/** https; plain http only to this machine, for a provider under development. */
export const isAcceptableUrl = (value: string): boolean => {
  const url = URL.parse(value)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))
}

/** The fetch below `upstreamFetch` for a provider that reaches less than the operator's do. */
const narrower = new AsyncLocalStorage<typeof fetch>()

/** Runs work of a connector whose requests go out by this fetch, all of them, whatever the library makes of them. */
export const fetchingBy = <T>(fetcher: typeof fetch, work: () => T): T => narrower.run(fetcher, work)

/**
 * The fetch of everything that goes to a provider: no redirect is followed, no more than half a megabyte is read, RSA keys
 * have a size that is accepted, and nothing goes over plain http except on this machine.
 */
export const upstreamFetch: oidc.CustomFetch = async (url, options) => {
  if (!isAcceptableUrl(url))
    throw failure('unreachable', message('provider.problem.not_https', { origin: originOf(url) }))
  const headers = new Headers(options.headers)
  headers.set('user-agent', USER_AGENT)
  try {
    const response = await (narrower.getStore() ?? fetch)(url, {
      method: options.method,
      headers,
      redirect: 'manual',
      ...(options.body !== undefined && { body: options.body as NonNullable<RequestInit['body']> }),
      ...(options.signal !== undefined && { signal: options.signal }),
    })
    return new Response(NO_BODY.has(response.status) ? null : withFitKeys(await boundedBody(response)), {
      status: response.status,
      headers: response.headers,
    })
  } catch (error) {
    throw unreached(error, new URL(url).hostname)
  }
}

/** A key set comes without keys of a size that is not accepted; everything else as it is. */
function withFitKeys(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | string {
  const text = Buffer.from(body).toString('utf8')
  const kept = withoutUnfitKeys(text)
  return kept === text ? body : kept
}

const NO_BODY = new Set([101, 204, 205, 304])

async function boundedBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_BODY)
      throw failure('unreachable', message('provider.problem.too_long', { bytes: String(MAX_BODY) }))
    chunks.push(chunk)
  }
  const whole = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

const originOf = (url: string): string => URL.parse(url)?.origin ?? '–'

/** What every Configuration gets: the fetch above, the timeout, and http only where `isAcceptableUrl` lets it through. */
export function prepare(configuration: oidc.Configuration): oidc.Configuration {
  configuration[oidc.customFetch] = upstreamFetch
  configuration.timeout = TIMEOUT
  oidc.allowInsecureRequests(configuration)
  return configuration
}

/** The library's codes for an answer that cannot be believed, as opposed to one that never came. */
const NETWORK = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT'])

/**
 * Text of a provider, fit for a line of the log: one line, short, without anything that could be a token. Long words of
 * lower-case letters alone stay: error codes are such words (`incorrect_client_credentials`), random strings are not.
 */
const tame = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replaceAll(/(?![a-z_]+(?![\w-]))[\w-]{24,}/g, '…')
    .slice(0, 200)

/**
 * What an error of openid-client, or of fetch, means. Its causes hold whole answers with tokens in them, so that only
 * names and codes are taken over.
 */
export function asUpstreamError(error: unknown): UpstreamError {
  // The library wraps what its fetch throws.
  for (let next = error; next instanceof Error; next = next.cause)
    if (next instanceof UpstreamError) return next
  if (error instanceof oidc.AuthorizationResponseError)
    return failure('denied', message('provider.problem.answered', { answer: answerOf(error) }))
  if (error instanceof oidc.ResponseBodyError)
    return failure(
      'refused',
      message('provider.problem.token_endpoint', { status: String(error.status), answer: answerOf(error) }),
    )
  if (error instanceof oidc.WWWAuthenticateChallengeError)
    return failure('refused', message('provider.problem.challenge', { status: String(error.status) }))
  if (error instanceof oidc.ClientError && !NETWORK.has(error.code ?? ''))
    return failure(
      'invalid',
      `${error.code ?? 'invalid answer'}: ${tame(messages(error))}`,
      answerInWords(error),
    )
  return failure('unreachable', tame(messages(error)), failedInWords(error))
}

const failure = (reason: UpstreamReason, text: string | Message, said?: Message) =>
  new UpstreamError(reason, text, said)

const answerOf = ({ error, error_description: description }: { error: string; error_description?: string }) =>
  tame(description === undefined ? error : `${error}: ${description}`)

/** No answer came, or not all of it. The log has what the network said; who sets the provider up has it in words. */
const unreached = (error: unknown, host: string): UpstreamError =>
  error instanceof UpstreamError
    ? error
    : failure(
        'unreachable',
        tame(messages(error)),
        networkInWords(error, { host, seconds: TIMEOUT, inside: narrower.getStore() !== undefined }),
      )

/**
 * The messages of an error and of its causes that are errors: “fetch failed” alone says nothing. Those of JSON.parse quote
 * what they could not read, which may be the middle of a token.
 */
function messages(error: unknown): string {
  const lines: string[] = []
  for (let next = error; next instanceof Error && lines.length < 4; next = next.cause)
    if (!(next instanceof SyntaxError)) lines.push(next.message)
  return lines.length > 0 ? lines.join(': ') : String(error)
}
