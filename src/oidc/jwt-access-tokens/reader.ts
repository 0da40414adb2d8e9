import { createLocalJWKSet, type JWK, jwtVerify } from 'jose'
import { z } from 'zod'
import { SIGNING_ALGORITHMS } from '../../shared/signing-algorithms.ts'
import type { ArtifactPayload, ArtifactStore } from '../../storage/artifacts/store.ts'
import { CLOCK_TOLERANCE } from '../client-authentication/assertions.ts'
import { isRevoked } from './deny-list.ts'
import type { Reference, References } from './reference.ts'

/** Characters of the longest JWT that is looked at; ours are a tenth of it. */
const MAX_LENGTH = 16_384

/** The claims of RFC 9068 §2.2 that have a place of their own in a stored token; whatever else there is, is `extra`. */
const claims = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  iat: z.number(),
  jti: z.string(),
  client_id: z.string(),
  scope: z.string().optional(),
  cnf: z.object({ jkt: z.string().optional(), 'x5t#S256': z.string().optional() }).optional(),
  authorization_details: z.array(z.looseObject({ type: z.string() })).optional(),
})

/** A JWT access token of ours as the library would have stored it. */
export interface ReadToken {
  kind: 'AccessToken' | 'ClientCredentials'
  payload: ArtifactPayload & { aud: string | string[]; jti: string }
  reference: Reference
}

export interface JwtReader {
  /** Undefined: it is not one of ours, or has expired. Whether it was revoked is another question. */
  verified(jwt: string): Promise<ReadToken | undefined>
  /** Undefined: it is not one of ours, has expired or was revoked. */
  read(jwt: string): Promise<ReadToken | undefined>
}

export function createJwtReader(deps: {
  issuer: string
  /** Public keys. */
  keys: readonly JWK[]
  references: Pick<References, 'open'>
  artifacts: Pick<ArtifactStore, 'find'>
}): JwtReader {
  const ours = createLocalJWKSet({ keys: [...deps.keys] })
  const options = {
    issuer: deps.issuer,
    typ: 'at+jwt',
    algorithms: [...SIGNING_ALGORITHMS],
    clockTolerance: CLOCK_TOLERANCE,
  }
  /** Whatever is wrong with it, it is no token of ours. */
  const payloadOf = async (jwt: string): Promise<unknown> => {
    try {
      return (await jwtVerify(jwt, ours, options)).payload
    } catch {
      return undefined
    }
  }
  const verified: JwtReader['verified'] = async (jwt) => {
    if (jwt.length > MAX_LENGTH) return undefined
    const { data } = claims.safeParse(await payloadOf(jwt))
    const reference = data && deps.references.open(data.jti)
    return data && reference && { ...storedOf(data, reference), reference }
  }
  return {
    verified,
    async read(jwt) {
      const token = await verified(jwt)
      return token && !(await isRevoked(deps.artifacts, token.payload.jti)) ? token : undefined
    },
  }
}

function storedOf(data: z.infer<typeof claims>, reference: Reference): Omit<ReadToken, 'reference'> {
  const { iss: _, sub, aud, exp, iat, jti, client_id, scope, cnf, authorization_details, ...extra } = data
  const shared = {
    ...{ aud, exp, iat, jti, clientId: client_id, scope, extra, rar: authorization_details },
    ...{ jkt: cnf?.jkt, 'x5t#S256': cnf?.['x5t#S256'] },
  }
  if (reference.grantId === undefined)
    return { kind: 'ClientCredentials', payload: { ...shared, kind: 'ClientCredentials' } }
  const { incarnation: _mark, userinfo, gty = 'authorization_code', ...of } = reference
  const personal = { accountId: sub, gty, ...of, ...(userinfo && { claims: { userinfo } }) }
  return { kind: 'AccessToken', payload: { ...shared, ...personal, kind: 'AccessToken' } }
}
