import { secondOf } from '../../../shared/moment.ts'
/** A JWT in parts. Its signature is left out: what is shown cannot be used. */
export interface DecodedToken {
  name: string
  header: string
  claims: string
  /** “exp: 25 November 2026, 23:10 UTC, in 1 hour” */
  times: string[]
}

const TIMES = ['iat', 'nbf', 'auth_time', 'exp']

/** A span in words: “2 minutes”, “1 hour”. @param seconds 0 or more */
export function inWords(seconds: number): string {
  const units = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ] as const
  // 3,599 seconds are an hour, not 60 minutes.
  const [size, name] = units.find(([each]) => seconds >= each - each / 120) ?? units[3]
  const count = Math.round(seconds / size)
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** @param now milliseconds since the epoch */
export function timeInWords(seconds: number, now: number): string {
  const away = seconds - Math.floor(now / 1000)
  const words = away === 0 ? 'now' : away > 0 ? `in ${inWords(away)}` : `${inWords(-away)} ago`
  return `${secondOf(seconds * 1000)}, ${words}`
}

const JWT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

const parse = (part: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Undefined: not a JWT. @param now milliseconds since the epoch */
export function decodeToken(name: string, token: string, now: number): DecodedToken | undefined {
  const [, head = '', body = ''] = JWT.exec(token) ?? []
  const header = parse(head)
  const claims = parse(body)
  if (!header || !claims) return undefined
  const times = TIMES.flatMap((claim) => {
    const value = claims[claim]
    return typeof value === 'number' ? [`${claim}: ${timeInWords(value, now)}`] : []
  })
  return { name, header: JSON.stringify(header, null, 2), claims: JSON.stringify(claims, null, 2), times }
}

/** A credential as it is shown: recognisable, and of no use. Of a JWT everything but the signature. */
export function masked(credential: string): string {
  const [, head, body] = JWT.exec(credential) ?? []
  return head && body ? `${head}.${body}.…` : `${credential.slice(0, 6)}…`
}
