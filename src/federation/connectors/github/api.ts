import * as oidc from 'openid-client'
import { z } from 'zod'
import { UpstreamError, type UpstreamIdentity } from '../../connector.ts'

/** GitHub's REST API with a person's access token. */
export interface GitHubApi {
  url: string
  configuration: oidc.Configuration
  accessToken: string
}

/** https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api */
export const API_HEADERS = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' }

const accountSchema = z.object({
  id: z.int().positive(),
  login: z.string().min(1),
  name: z.string().nullish(),
  avatar_url: z.string().nullish(),
})

const emailsSchema = z.array(
  z.object({ email: z.string().min(1), primary: z.boolean(), verified: z.boolean() }),
)

type Account = Pick<UpstreamIdentity, 'subject' | 'username' | 'givenName' | 'familyName' | 'picture'>

/**
 * The account. Its subject is the number: a login can be renamed, and then belong to another account. The `email` here is
 * what the person shows in public, proven or not, and is not read.
 */
export async function readAccount(api: GitHubApi): Promise<Account> {
  const { id, login, name, avatar_url } = await parse('/user', await get(api, '/user'), accountSchema)
  return {
    subject: String(id),
    username: login,
    ...splitName(name ?? ''),
    picture: URL.parse(avatar_url ?? '')?.protocol === 'https:' ? (avatar_url ?? undefined) : undefined,
  }
}

/**
 * The primary address; never another one, even if only that is verified. Undefined when there is none, or when the
 * permission to read addresses was not given.
 */
export async function readEmail(api: GitHubApi): Promise<UpstreamIdentity['email']> {
  const response = await get(api, '/user/emails?per_page=100')
  if (response.status === 403 || response.status === 404) return undefined
  const emails = await parse('/user/emails', response, emailsSchema)
  const primary = emails.find((each) => each.primary)
  return primary && { address: primary.email, verified: primary.verified }
}

const get = ({ url, configuration, accessToken }: GitHubApi, path: string): Promise<Response> =>
  oidc.fetchProtectedResource(
    configuration,
    accessToken,
    new URL(url + path),
    'GET',
    null,
    new Headers(API_HEADERS),
  )

const REFUSING_STATUSES = new Set([401, 403, 429])

async function parse<Body>(path: string, response: Response, schema: z.ZodType<Body>): Promise<Body> {
  const { status } = response
  if (status !== 200)
    throw new UpstreamError(
      REFUSING_STATUSES.has(status) ? 'refused' : 'invalid',
      `GET ${path} answered ${status}`,
    )
  const body = schema.safeParse(await response.json().catch(() => undefined))
  if (body.success) return body.data
  const wrong = body.error.issues.map((issue) => issue.path.join('.') || 'all of it').join(', ')
  throw new UpstreamError('invalid', `GET ${path} answered something else than documented: ${wrong}`)
}

/** GitHub has one field for the whole name. */
function splitName(name: string): Pick<Account, 'givenName' | 'familyName'> {
  const words = name.split(/\s+/).filter((word) => word !== '')
  const last = words.length > 1 ? words.pop() : undefined
  return { givenName: words.join(' ') || undefined, familyName: last }
}
