import { createHash } from 'node:crypto'
import { z } from 'zod'
import { createBounded } from './bounded.ts'
import { FAILURE_PAUSE, type IssuerMetadata, TIMEOUT } from './issuer.ts'
import type { Settings } from './options.ts'
import { invalidToken, unavailable } from './refusal.ts'
import type { Remembered } from './remembered.ts'
import { signInOf } from './sign-in.ts'
import { type AccessToken, scopesOf } from './token.ts'

const CACHED_TOKENS = 10_000
/** Questions to the issuer at a time; a flood of made-up tokens must not become one there. */
const PARALLEL = 32

/** RFC 7662 §2.2. `token_type` is asked for, since it is what tells an access token from a refresh token. */
const responseSchema = z.discriminatedUnion('active', [
  z.looseObject({ active: z.literal(false) }),
  z.looseObject({
    active: z.literal(true),
    token_type: z.string().regex(/^(bearer|dpop)$/i),
    client_id: z.string().min(1),
    sub: z.string().min(1).optional(),
    scope: z.string().optional(),
    iss: z.string().optional(),
    aud: z.union([z.string(), z.array(z.string())]).optional(),
    exp: z.number().optional(),
    nbf: z.number().optional(),
    cnf: z.strictObject({ jkt: z.string().min(1) }).optional(),
  }),
])
type Introspected = z.output<typeof responseSchema>

const form = (value: string) => new URLSearchParams({ v: value }).toString().slice(2)

/** Asks the issuer about a token (RFC 7662). What it says is believed for some seconds, never past `exp`. */
export function createIntrospection(
  settings: Pick<Settings, 'issuer' | 'audience' | 'clockTolerance' | 'fetch' | 'clock'>,
  client: NonNullable<Settings['introspection']>,
  metadata: Remembered<IssuerMetadata>,
) {
  const { clock } = settings
  const answers = createBounded<Promise<Introspected>>(CACHED_TOKENS, clock)
  let asking = 0

  async function ask(token: string): Promise<Introspected> {
    const { introspection_endpoint: url } = await metadata.get()
    if (url === undefined) throw new Error('the issuer has no introspection endpoint')
    const response = await settings.fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
      // RFC 6749 §2.3.1: both halves are form-encoded first.
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(`${form(client.clientId)}:${form(client.clientSecret)}`).toString('base64')}`,
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`the introspection endpoint answered ${response.status}`)
    }
    const answer: unknown = await response.json()
    const parsed = responseSchema.safeParse(answer)
    if (parsed.success) return parsed.data
    // Alive, but no access token: a refresh token has no token_type.
    if (z.object({ active: z.literal(true) }).safeParse(answer).success) return { active: false }
    throw parsed.error
  }

  async function bounded(token: string): Promise<Introspected> {
    if (asking >= PARALLEL) throw unavailable('too many introspections at once', 1)
    asking++
    try {
      return await ask(token)
    } catch (error) {
      throw unavailable('introspection failed', FAILURE_PAUSE / 1000, error)
    } finally {
      asking--
    }
  }

  function remembered(token: string): Promise<Introspected> {
    const key = createHash('sha256').update(token).digest('base64url')
    const known = answers.get(key)
    if (known) return known
    const asked = bounded(token)
    answers.set(key, asked, clock() + client.cacheSeconds * 1000)
    asked.catch(() => answers.delete(key))
    return asked
  }

  /** A token for another API, another issuer or another use is no token here. */
  function problem(answer: Introspected & { active: true }): string | undefined {
    const now = clock() / 1000
    const { aud, iss, exp, nbf, client_id } = answer
    if (iss !== undefined && iss !== settings.issuer) return 'another issuer'
    if (exp !== undefined && exp <= now) return 'expired'
    if (nbf !== undefined && nbf > now + settings.clockTolerance) return 'not yet valid'
    if (aud !== undefined) return [aud].flat().includes(settings.audience) ? undefined : 'another audience'
    return client_id === client.clientId ? undefined : 'no audience, and issued to another client'
  }

  /** @throws Refusal 401 invalid_token; 503 while the issuer cannot be asked */
  return async (token: string): Promise<AccessToken> => {
    const answer = await remembered(token)
    if (!answer.active) throw invalidToken('the issuer calls it inactive')
    const wrong = problem(answer)
    if (wrong !== undefined) throw invalidToken(wrong)
    const { client_id: clientId, sub = clientId, scope, exp, cnf } = answer
    return {
      sub,
      clientId,
      scopes: scopesOf(scope),
      isMachine: sub === clientId,
      expiresAt: exp,
      jkt: cnf?.jkt,
      ...signInOf(answer),
      claims: answer,
    }
  }
}
