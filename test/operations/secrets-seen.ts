/** What must never be in a log: every secret that went over the wire in either direction. */
export interface SecretsSeen {
  /** A `fetch` that remembers the secrets of what it sends and receives. */
  fetch: typeof fetch
  /** Remembers what went another way: by mail, by the command line. */
  add(what: string, secret: string): void
  /** Each secret of which a line holds the beginning, with what it is. */
  foundIn(lines: readonly string[]): { what: string; line: string }[]
  readonly kinds: Set<string>
}

/** Fields of forms, queries and JSON that are secret. `state`, `nonce` and ids are not. */
const FIELDS =
  /password|secret|token$|^token|^code$|^code_verifier$|assertion$|^id_token|^request_uri$|^request$|^xsrf$/

/** So many characters of a secret in a log would be a leak already. */
const TELLING = 16

export function createSecretsSeen(): SecretsSeen {
  const secrets = new Map<string, string>()
  const kinds = new Set<string>()
  const add = (what: string, secret: string): void => {
    if (secret.length < 6 || secret === 'Bearer' || secret === 'DPoP') return
    secrets.set(secret.slice(0, TELLING), what)
    kinds.add(what)
  }
  const addFields = (where: string, fields: Iterable<[string, unknown]>): void => {
    for (const [name, value] of fields)
      if (
        FIELDS.test(name) &&
        name !== 'token_type' &&
        name !== 'token_type_hint' &&
        typeof value === 'string'
      )
        add(`${where}: ${name}`, value)
  }
  const addCookie = (pair: string): void => {
    const [name = '', ...value] = (pair.split(';')[0] ?? '').split('=')
    add(`cookie: ${name.trim()}`, value.join('='))
  }

  const remembering = async (input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input)
    addFields('query', url.searchParams)
    const headers = new Headers(init?.headers)
    const [scheme, credentials = ''] = (headers.get('authorization') ?? '').split(' ')
    if (scheme === 'Basic') add('Basic credentials', credentials)
    else add('bearer token', credentials)
    // All proofs of one key begin alike: the header. What is telling is the signature.
    add('DPoP proof', headers.get('dpop')?.split('.')[2] ?? '')
    for (const pair of headers.get('cookie')?.split('; ') ?? []) addCookie(pair)
    if (init?.body) {
      const fields = new URLSearchParams(String(init.body))
      add('client assertion', fields.get('client_assertion')?.split('.')[2] ?? '')
      addFields('form', fields)
    }
    const response = await fetch(input, init)
    for (const cookie of response.headers.getSetCookie()) addCookie(cookie)
    const location = response.headers.get('location')
    if (location !== null) addFields('redirect', new URL(location, url).searchParams)
    if (response.headers.get('content-type')?.includes('json')) {
      const body = (await response.clone().json()) as unknown
      if (typeof body === 'object' && body !== null) addFields('answer', Object.entries(body))
    }
    return response
  }

  return {
    fetch: remembering,
    add,
    kinds,
    foundIn: (lines) =>
      lines.flatMap((line) =>
        [...secrets]
          // Six digits may be part of a longer number.
          .filter(([secret]) =>
            /^\d{6}$/.test(secret)
              ? new RegExp(`(?<!\\d)${secret}(?!\\d)`).test(line)
              : line.includes(secret),
          )
          .map(([, what]) => ({ what, line })),
      ),
  }
}
