import { toSeconds } from '../../../shared/clock.ts'
import { jsonPart } from '../../../shared/json-part.ts'
import { t } from '../../../shared/locales/texts.ts'
import { distanceInWords, secondOf } from '../../../shared/moment.ts'

/** A JWT in parts. Its signature is left out: what is shown cannot be used. */
export interface DecodedToken {
  name: string
  header: string
  claims: string
  /** “exp: 25 November 2026, 23:10 UTC, in 1 hour” */
  times: string[]
}

const TIMES = ['iat', 'nbf', 'auth_time', 'exp']

/** @param now milliseconds since the epoch */
export function timeInWords(seconds: number, now: number): string {
  const away = seconds - toSeconds(now)
  const words =
    away === 0
      ? t('admin.try_it.time.now')
      : t(away > 0 ? 'admin.try_it.time.in' : 'admin.try_it.time.ago', {
          distance: distanceInWords(Math.abs(away)),
        })
  return `${secondOf(seconds * 1000)}, ${words}`
}

const JWT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/** Undefined: not a JWT. @param now milliseconds since the epoch */
export function decodeToken(name: string, token: string, now: number): DecodedToken | undefined {
  const [, head = '', body = ''] = JWT.exec(token) ?? []
  const header = jsonPart(head)
  const claims = jsonPart(body)
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
