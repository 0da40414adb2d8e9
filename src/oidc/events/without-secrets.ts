import type { KoaContextWithOIDC } from 'oidc-provider'

/** Parameters whose values are never kept. */
const SECRET_PARAMETERS = [
  'client_secret',
  'client_assertion',
  'code',
  'code_verifier',
  'refresh_token',
  'token',
  'access_token',
  'id_token_hint',
  'request',
  'request_uri',
  'password',
  'assertion',
  'subject_token',
  'actor_token',
  'device_code',
  'user_code',
]
/** What may stand in the query of an app's own address when it sends that as redirect_uri. */
const SECRET_IN_ADDRESS = /^(code|state|session_state|.*(token|secret|password|assertion).*)$/i
/** Shorter than this, striking a value out would strike words too, and it protects nothing. */
const SHORTEST = 6

const STRUCK = '…'

/** The credentials of a Basic header, decoded (RFC 6749 §2.3.1). */
export function basicCredentials(header: string | undefined): { id: string; secret: string } | undefined {
  const [, encoded] = /^basic +(\S+)$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return undefined
  const [id = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  try {
    const decode = (text: string) => decodeURIComponent(text.replaceAll('+', '%20'))
    return { id: decode(id), secret: decode(rest.join(':')) }
  } catch {
    return { id, secret: rest.join(':') }
  }
}

/** Every secret that this very request brought, in each form that it may be quoted in. */
function secretsOf(ctx: KoaContextWithOIDC): string[] {
  const { authorization, dpop } = ctx.headers
  const sources = [ctx.oidc.body, ctx.query, ctx.oidc.params] as (Record<string, unknown> | undefined)[]
  const basic = basicCredentials(authorization)
  return [
    ...sources.flatMap((source) => SECRET_PARAMETERS.flatMap((name) => [source?.[name]].flat())),
    ...(authorization?.split(' ') ?? []),
    ...(basic ? [basic.secret, basic.secret.trim()] : []),
    ...[dpop].flat(),
  ]
    .filter((value) => typeof value === 'string')
    .filter((value) => value.length >= SHORTEST)
    .flatMap((value) => [value, encodeURIComponent(value)])
    .sort((a, b) => b.length - a.length)
}

/** Every token and secret of ours is 43 characters of Base64url; those of others look alike. */
const looksRandom = (run: string): boolean =>
  run.length === 43 || (run.length >= 32 && /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run))

const strikeRandom = (text: string): string =>
  text.replaceAll(/[\w-]{32,}/g, (run) => (looksRandom(run) ? STRUCK : run))

/** @returns functions that strike the secrets of a request out of what is kept of it */
export function withoutSecretsOf(ctx: KoaContextWithOIDC) {
  const secrets = secretsOf(ctx)
  const strike = (text: string) => secrets.reduce((left, secret) => left.replaceAll(secret, STRUCK), text)

  const pair = (text: string): string => {
    const [name = '', ...value] = text.split('=')
    if (value.length === 0) return strikeRandom(text)
    return SECRET_IN_ADDRESS.test(name) ? `${name}=${STRUCK}` : `${name}=${strikeRandom(value.join('='))}`
  }
  const pairs = (text: string) => text.split('&').map(pair).join('&')

  return {
    /** A text of at most so many characters, without NUL, which PostgreSQL refuses. */
    text: (value: string, most: number): string =>
      strikeRandom(strike(value)).slice(0, most).replaceAll('\0', '\uFFFD'),

    /** A URI: its host stays, however random it looks. */
    uri(value: string): string {
      const [, head = '', query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(strike(value)) ?? []
      const [, scheme = '', authority = '', path = ''] = /^([^/]*\/\/)?([^/]*)(.*)$/s.exec(head) ?? []
      const host = authority.replace(/^.*@/s, `${STRUCK}@`)
      const parts = [
        scheme,
        host,
        strikeRandom(path),
        query === undefined ? '' : `?${pairs(query)}`,
        fragment === undefined ? '' : `#${pairs(fragment)}`,
      ]
      return parts.join('').slice(0, 2000)
    },
  }
}

export type WithoutSecrets = ReturnType<typeof withoutSecretsOf>
