// Runs a client's own flow inside the process, as the administrator, and ends what it gave.
//
//   lent secret ─┐
//   own session ─┼─► /par? ─► /authorize ─► consent? ─► (redirect read, never followed) ─► /token ─► /userinfo ─► all ended
//
// The redirect URI is one that is registered, and nobody is sent there: the code is read from the answer and exchanged here.
import { createHash, randomBytes } from 'node:crypto'
import type { ClientView } from '../../../clients/view.ts'
import { t } from '../../../shared/locales/texts.ts'
import type { ClientProof, InnerResponse } from './dependencies.ts'
import { createProofs } from './dpop.ts'
import { parseJson, type Recorder } from './exchange.ts'

export interface TryRequest {
  issuer: string
  client: ClientView
  proof: ClientProof
  scope: string
  resource: string | undefined
}

/** What it came to, in words. */
export interface Outcome {
  worked: boolean
  words: string
}

/** The scheme of HTTP Basic authentication (RFC 7617). */
const BASIC = 'Basic'
const random = () => randomBytes(32).toString('base64url')
const stopped = (words: string): Outcome => ({ worked: false, words })
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const ownKey = (): Outcome => stopped(t('admin.try_it.ownKey'))

type Step = 'token' | 'revoke' | 'push' | 'exchange' | 'userinfo' | 'signIn' | 'on' | 'page' | 'allow'

/** What the page says of a request. */
const step = (name: Step): { title: string; about: string } => ({
  title: t(`admin.try_it.step.${name}`),
  about: t(`admin.try_it.step.${name}.about`),
})

/** What goes with every request that the client makes to us. */
function authentication({ client, proof }: TryRequest, recorder: Recorder) {
  if ('secret' in proof) recorder.secret(proof.secret)
  if (proof.way === 'basic') {
    const pair = Buffer.from(`${client.client_id}:${proof.secret}`).toString('base64')
    recorder.secret(pair)
    return { headers: { authorization: `${BASIC} ${pair}` }, fields: {} }
  }
  const fields = { client_id: client.client_id, ...(proof.way === 'post' && { client_secret: proof.secret }) }
  return { headers: {}, fields }
}

function whyRefused(response: InnerResponse): Outcome {
  const { error, error_description: description } = parseJson(response.body) ?? {}
  return stopped(
    t('admin.try_it.refused', {
      error: String(error ?? response.status),
      more: description ? 'yes' : 'no',
      description: String(description),
    }),
  )
}

/** The client credentials grant (RFC 6749 §4.4); what it gives is revoked. */
export async function runMachine(request: TryRequest, recorder: Recorder): Promise<Outcome> {
  if (request.proof.way === 'impossible') return ownKey()
  const { headers, fields } = authentication(request, recorder)
  const proofs = await createProofs(request.client.dpop_bound_access_tokens === true, request.issuer)
  const { scope, resource } = request
  const parameters = {
    grant_type: 'client_credentials',
    ...(scope && { scope }),
    ...(resource && { resource }),
    ...fields,
  }
  const words = step('token')
  const proof = await proofs.header('POST', '/token')
  const inner = { method: 'POST' as const, path: '/token', headers: { ...headers, ...form, ...proof } }
  const response = await recorder.exchange(
    words,
    { ...inner, body: String(new URLSearchParams(parameters)) },
    parameters,
  )
  if (response.status !== 200) return whyRefused(response)
  const token = String(parseJson(response.body)?.access_token)
  const revocation = { token, ...fields }
  await recorder.exchange(
    step('revoke'),
    {
      method: 'POST',
      path: '/revoke',
      headers: { ...headers, ...form },
      body: String(new URLSearchParams(revocation)),
    },
    revocation,
  )
  return {
    worked: true,
    words: t(token.includes('.') ? 'admin.try_it.works.machine.jwt' : 'admin.try_it.works.machine'),
  }
}

/** The authorization code grant with PKCE. @param session the cookie of a session of its own */
export async function runCode(
  request: TryRequest & { redirectUri: string },
  session: string,
  recorder: Recorder,
): Promise<Outcome> {
  const { client, proof, redirectUri, scope, resource } = request
  const { headers, fields } = authentication(request, recorder)
  const proofs = await createProofs(client.dpop_bound_access_tokens === true, request.issuer)
  const verifier = random()
  const state = random()
  const openid = scope.split(/\s+/).includes('openid')
  let parameters: Record<string, string> = {
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    ...(resource && { resource }),
    state,
    // A claim of the ID Token, which there is with openid alone (OpenID Connect Core §3.1.2.1).
    ...(openid && { nonce: random() }),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
  if (client.require_pushed_authorization_requests) {
    if (proof.way === 'impossible') return ownKey()
    const pushed = { ...parameters, ...fields }
    const body = String(new URLSearchParams(pushed))
    const response = await recorder.exchange(
      step('push'),
      { method: 'POST', path: '/par', headers: { ...headers, ...form }, body },
      pushed,
    )
    if (response.status !== 201) return whyRefused(response)
    parameters = { client_id: client.client_id, request_uri: String(parseJson(response.body)?.request_uri) }
  }
  const back = await authorize(parameters, redirectUri, session, recorder)
  if ('words' in back) return back
  const code = back.searchParams.get('code')
  if (code === null) {
    const description = back.searchParams.get('error_description')
    return stopped(
      t('admin.try_it.gets', {
        error: String(back.searchParams.get('error')),
        more: description ? 'yes' : 'no',
        description: description ?? '',
      }),
    )
  }
  recorder.secret(code)
  if (back.searchParams.get('state') !== state) return stopped(t('admin.try_it.state'))
  if (proof.way === 'impossible') return ownKey()
  const exchanged = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...fields,
  }
  const tokens = await recorder.exchange(
    step('exchange'),
    {
      method: 'POST',
      path: '/token',
      headers: { ...headers, ...form, ...(await proofs.header('POST', '/token')) },
      body: String(new URLSearchParams(exchanged)),
    },
    exchanged,
  )
  if (tokens.status !== 200) return whyRefused(tokens)
  const access = String(parseJson(tokens.body)?.access_token)
  if (openid && !access.includes('.')) {
    const scheme = proofs.bound ? 'DPoP' : 'Bearer'
    await recorder.exchange(
      step('userinfo'),
      {
        method: 'GET',
        path: '/userinfo',
        headers: {
          authorization: `${scheme} ${access}`,
          ...(await proofs.header('GET', '/userinfo', access)),
        },
      },
      {},
    )
  }
  return {
    worked: true,
    words: t('admin.try_it.works'),
  }
}

/** Follows the authorization request up to where the browser would leave for the client. */
async function authorize(
  parameters: Record<string, string>,
  redirectUri: string,
  session: string,
  recorder: Recorder,
): Promise<URL | Outcome> {
  const jar = new Map(session.split('; ').map(splitCookie))
  const visit = async (
    words: { title: string; about: string },
    request: { method: 'GET' | 'POST'; path: string; body?: string },
    shown: Record<string, string>,
  ) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    for (const value of jar.values()) recorder.secret(value)
    const headers = {
      accept: 'text/html',
      cookie,
      ...(request.body !== undefined && { ...form, 'sec-fetch-site': 'same-origin' }),
    }
    const response = await recorder.exchange(words, { ...request, headers }, shown)
    for (const line of [response.headers['set-cookie'] ?? []].flat()) {
      const [name, value] = splitCookie(line)
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  let response = await visit(
    step('signIn'),
    { method: 'GET', path: `/authorize?${new URLSearchParams(parameters)}` },
    parameters,
  )
  for (let hops = 0; hops < 5; hops++) {
    const location = String(response.headers.location ?? '')
    const url = URL.parse(location, 'http://inside.invalid')
    if (response.status < 300 || response.status > 399 || url === null)
      return stopped(t('admin.try_it.errorPage'))
    if (location.startsWith(redirectUri)) return url
    const path = `${url.pathname}${url.search}`
    if (!url.pathname.startsWith('/interaction/')) {
      response = await visit(step('on'), { method: 'GET', path }, {})
      continue
    }
    const page = await visit(step('page'), { method: 'GET', path }, {})
    const token = /name="csrf_token" value="([^"]+)"/.exec(page.body)?.[1]
    if (token === undefined || !page.body.includes('name="decision"'))
      return stopped(t('admin.try_it.newSignIn'))
    recorder.secret(token)
    const decision = { csrf_token: token, decision: 'allow' }
    response = await visit(
      step('allow'),
      { method: 'POST', path: `${url.pathname}/consent`, body: String(new URLSearchParams(decision)) },
      decision,
    )
  }
  return stopped(t('admin.try_it.circles'))
}

function splitCookie(line: string): [string, string] {
  const [pair = ''] = line.split(';', 1)
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
