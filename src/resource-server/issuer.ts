import { z } from 'zod'
import { isTrustworthyUrl } from './options.ts'
import { createRemembered, type Remembered } from './remembered.ts'

/** How long an answer of the issuer may take, in milliseconds. */
export const TIMEOUT = 5000
const MINUTE = 60_000
/** The pause after a failed attempt, in milliseconds. */
export const FAILURE_PAUSE = 5000

const endpoint = z.string().refine(isTrustworthyUrl, 'is not an https URL')
const metadataSchema = z.object({
  issuer: z.string(),
  jwks_uri: endpoint,
  introspection_endpoint: endpoint.optional(),
})
/** What this guard needs of the authorization server's metadata (RFC 8414 §2). */
export type IssuerMetadata = z.output<typeof metadataSchema>

/** OpenID Connect Discovery §4 appends, RFC 8414 §3.1 inserts; they differ for an issuer with a path. */
function addresses(issuer: string): [string, string] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/**
 * GETs a JSON document of the issuer. Redirects are not followed: they would let another host answer for it.
 * @throws Error when it does not answer 200 with JSON in time
 */
export async function getJson(url: string, request: typeof fetch): Promise<unknown> {
  const response = await request(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url} answered ${response.status}`)
  }
  return response.json()
}

/** The issuer's metadata by discovery, kept for ten minutes, and for a day while the issuer is down. */
export function createIssuer(options: {
  issuer: string
  fetch: typeof fetch
  clock(): number
}): Remembered<IssuerMetadata> {
  const [openid, oauth] = addresses(options.issuer)
  return createRemembered({
    clock: options.clock,
    maxAge: 10 * MINUTE,
    staleFor: 1440 * MINUTE,
    pause: { failure: FAILURE_PAUSE, renewal: MINUTE },
    async load() {
      const document = await getJson(openid, options.fetch).catch(() => getJson(oauth, options.fetch))
      const metadata = metadataSchema.parse(document)
      // RFC 8414 §3.3: otherwise one issuer could pass its keys off as another's.
      if (metadata.issuer !== options.issuer)
        throw new Error(`the issuer calls itself ${metadata.issuer}, not ${options.issuer}`)
      return metadata
    },
  })
}
