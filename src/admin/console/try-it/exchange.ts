import type { FastifyRequest } from 'fastify'
import { type DecodedToken, decodeToken, masked } from './decode.ts'
import type { InnerRequest, InnerResponse, TryDependencies } from './dependencies.ts'

/** One request with its answer, as the page shows it: nothing in it is of use to anybody. */
export interface Exchange {
  title: string
  about: string
  request: string
  /** The query or form of the request, one parameter a line. */
  parameters: { name: string; value: string }[]
  status: number
  response: string
  tokens: DecodedToken[]
  failed: boolean
}

/** What is shorter is no credential of ours, and would blot out words. */
const SHORTEST = 12
const TOKENS = ['access_token', 'refresh_token', 'id_token']
const SHOWN_HEADERS = ['location', 'content-type', 'www-authenticate', 'dpop-nonce']

/** What our pages say, without their markup. */
const textOf = (html: string) =>
  html
    .replace(/<(head|script|style|svg)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 600)

export const parseJson = (body: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** The requests of one try-out, and what may be shown of them. */
export interface Recorder {
  /** Marks a text that must not be shown. */
  secret(value: string): void
  /** Sends a request and writes it down. @param words what the page says of it. @param parameters of its query or form */
  exchange(
    words: { title: string; about: string },
    request: InnerRequest,
    parameters: Record<string, string>,
  ): Promise<InnerResponse>
  /** What was written down so far, without credentials. */
  shown(): Exchange[]
}

/**
 * Makes the requests of one try-out and writes down what may be shown of them. Every credential that passes is hidden in
 * all that was written down, before and after.
 */
export function createRecorder(
  deps: Pick<TryDependencies['tryOut'], 'call'> & { issuer: string; now(): number },
  from: FastifyRequest,
): Recorder {
  const exchanges: Exchange[] = []
  const credentials = new Set<string>()
  const hide = (text: string) =>
    [...credentials].reduce((shown, each) => shown.replaceAll(each, masked(each)), text)

  function bodyOf({ headers, body }: InnerResponse): string {
    if (String(headers['content-type']).startsWith('text/html')) return textOf(body)
    const json = parseJson(body)
    return json ? JSON.stringify(json, null, 2) : body
  }

  return {
    secret(value) {
      if (value.length >= SHORTEST) credentials.add(value)
    },

    async exchange(words, request, parameters) {
      const response = await deps.call(request, from)
      const json = parseJson(response.body) ?? {}
      const tokens: DecodedToken[] = []
      for (const name of TOKENS) {
        const value = json[name]
        if (typeof value !== 'string') continue
        credentials.add(value)
        const decoded = decodeToken(name, value, deps.now())
        if (decoded) tokens.push(decoded)
      }
      const [path] = request.path.split('?', 1)
      const sent = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`)
      const got = SHOWN_HEADERS.flatMap((name) => {
        const value = response.headers[name]
        return value === undefined ? [] : [`${name}: ${String(value)}`]
      })
      exchanges.push({
        ...words,
        request: [`${request.method} ${deps.issuer}${path}`, ...sent].join('\n'),
        parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })),
        status: response.status,
        response: [...got, '', bodyOf(response)].join('\n').trim(),
        tokens,
        failed: response.status >= 400,
      })
      return response
    },

    shown: () =>
      exchanges.map((each) => ({
        ...each,
        request: hide(each.request),
        parameters: each.parameters.map(({ name, value }) => ({ name, value: hide(value) })),
        response: hide(each.response),
      })),
  }
}
