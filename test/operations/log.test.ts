import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { jobs } from '../support/job.ts'
import { codeIn, linkIn, type ReceivedMail, readOutbox } from '../support/mailbox.ts'
import { discover, type RelyingPartyOptions } from '../support/relying-party.ts'
import { createSecretsSeen } from './secrets-seen.ts'
import { latchkey, type ServerProcess, startServer } from './server-process.ts'

const REDIRECT = 'http://127.0.0.1:9/callback'
const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-log-'))
const env: Record<string, string> = {
  DATA_DIR: dataDir,
  LOG_LEVEL: 'trace',
  SECRET_KEY: 'log-test-secret-key-that-is-long-enough',
  ADMIN_EMAIL: 'root@example.com',
  ADMIN_PASSWORD: 'admin-mushroom-ladder-9',
}
let server: ServerProcess
const seen = createSecretsSeen()
const cliOutput: string[] = []

beforeAll(async () => {
  server = await startServer(env)
  seen.add('SECRET_KEY', String(env.SECRET_KEY))
  seen.add('ADMIN_PASSWORD', String(env.ADMIN_PASSWORD))
})
afterAll(async () => {
  await server.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

const lines = () => server.stdout.map((line) => JSON.parse(line) as Record<string, unknown>)

async function cli(...args: string[]): Promise<Record<string, string>> {
  const run = await latchkey([...args, '--json'], { ...env, ISSUER: server.issuer })
  expect(run).toMatchObject({ code: 0 })
  cliOutput.push(run.stderr)
  return JSON.parse(run.stdout) as Record<string, string>
}

async function party(options: Omit<RelyingPartyOptions, 'issuer' | 'redirectUri'>) {
  const found = await discover({ ...options, issuer: server.issuer, redirectUri: REDIRECT })
  found.config[oidc.customFetch] = (url, init) => seen.fetch(url, init as RequestInit)
  return found
}

async function mail(to: string, subject: RegExp): Promise<ReceivedMail> {
  let found: ReceivedMail | undefined
  await eventually(async () => {
    const mails = await readOutbox(join(dataDir, 'outbox'))
    found = mails.filter((each) => each.to === to && subject.test(each.subject)).at(-1)
    return found !== undefined
  })
  if (!found) throw new Error('no mail')
  for (const [, digits] of found.text.matchAll(/^\s*(\d{6})\s*$/gm)) seen.add('mail: code', String(digits))
  for (const [link] of found.text.matchAll(/https?:\/\/\S+/g))
    seen.add('mail: token', new URL(link).searchParams.get('token') ?? '')
  return found
}

test('a whole life at the lowest log level leaves no password, code, token, cookie or proof in the log', async () => {
  const { issuer } = server
  const grants = [
    '--grant',
    'authorization_code',
    '--grant',
    'refresh_token',
    '--grant',
    'client_credentials',
  ]
  const api = ['--identifier', jobs.identifier, '--scope', jobs.scope, '--tokens', jobs.tokens]
  await cli('resources', 'add', ...api)
  const scope = ['--scope', `openid profile email offline_access ${jobs.scope}`]
  const app = ['--name', 'Log app', '--redirect-uri', REDIRECT, ...grants, ...scope]
  const created = await cli('clients', 'create', ...app)
  seen.add('client secret', String(created.client_secret))
  const rp = await party({
    clientId: String(created.client_id),
    auth: { method: 'client_secret_basic', secret: String(created.client_secret) },
    dpopKeys: await oidc.randomDPoPKeyPair(),
  })
  const browser = createHttpBrowser({ stopAt: [REDIRECT], fetch: seen.fetch })

  // Into an account: a weak password first, then by code; a second account by link, mangled on its way.
  const request = await rp.authorize({ scope: 'openid email' })
  const register = await browser.follow(await browser.open(request.url), 'Create account')
  const form = { Username: 'ann', Email: 'ann@example.com' }
  const weak = await browser.submit(
    register,
    { ...form, Password: 'password1234' },
    { button: 'Create account' },
  )
  const verify = await browser.submit(
    weak,
    { ...form, Password: 'velvet-otter-17-canyon' },
    { button: 'Create account' },
  )
  const welcome = await mail('ann@example.com', /verify/i)
  const wrong = await browser.submit(verify, { 'Verification code': '918273' }, { button: 'Verify' })
  const consent = await browser.submit(wrong, { 'Verification code': codeIn(welcome) }, { button: 'Verify' })
  const back = await browser.allow(consent)
  const tokens = await rp.callback(back.url, request)

  const other = createHttpBrowser({ fetch: seen.fetch })
  await other.submit(
    await other.open(`${issuer}/register`),
    { Username: 'ben', Email: 'ben@example.com', Password: 'copper-lantern-83-tide' },
    { button: 'Create account' },
  )
  const link = linkIn(await mail('ben@example.com', /verify/i))
  const token = String(link.searchParams.get('token'))
  for (const mangled of [
    `/verify-email/${token}`,
    `/verify-email?${token}`,
    `/verify-email%3Ftoken=${token}`,
  ])
    await other.open(`${issuer}${mangled}`)
  await other.submit(await other.open(link), {}, { button: 'Verify' })

  // Tokens: used, refreshed, used again, introspected, revoked, wrong.
  await rp.userinfo(tokens.access_token, String(tokens.claims()?.sub))
  const refreshed = await rp.refresh(String(tokens.refresh_token))
  await rp.introspect(refreshed.access_token)
  await rp.clientCredentials({ scope: jobs.scope })
  await expect(rp.callback(back.url, request)).rejects.toMatchObject({ error: 'invalid_grant' })
  await expect(rp.refresh('not-a-refresh-token-but-looks-like-one-1234')).rejects.toMatchObject({
    error: 'invalid_grant',
  })
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    seen.fetch(`${issuer}${path}`, { method: 'POST', headers, body: new URLSearchParams(fields) })
  await post('/token', { grant_type: 'password', username: 'ann', password: 'velvet-otter-17-canyon' })
  await post('/token', {
    ...{ grant_type: 'client_credentials', client_id: String(created.client_id) },
    client_secret: 'wrong-client-secret-0123456789abcdef',
  })
  await post(
    '/token',
    { grant_type: 'client_credentials' },
    { authorization: 'Basic bm90LWEtY2xpZW50OndoYXRldmVyLXNlY3JldA==' },
  )
  await post(
    '/token',
    { grant_type: 'client_credentials' },
    { authorization: 'Bearer stray-bearer-token-0123456789' },
  )
  await post('/par', {
    client_id: String(created.client_id),
    request: 'eyJhbGciOiJub25lIn0.eyJhIjoiYiJ9.c2lnbmF0dXJlLW9mLW5vdGhpbmc',
  })
  await seen.fetch(`${issuer}/userinfo?access_token=query-access-token-0123456789`)
  await seen.fetch(`${issuer}/userinfo`, {
    headers: { authorization: 'DPoP half-a-token-0123456789', dpop: 'x.y.broken-proof-0123456789' },
  })
  await rp.revoke(refreshed.access_token)

  // An assertion instead of a secret, good and bad.
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  const stranger = await party({
    clientId: String(created.client_id),
    auth: { method: 'private_key_jwt', key: pair.privateKey },
  })
  await expect(stranger.clientCredentials({ scope: jobs.scope })).rejects.toMatchObject({
    error: 'invalid_client',
  })

  // The password: forgotten, set, changed, mistyped.
  const forgot = await browser.open(`${issuer}/forgot-password`)
  await browser.submit(forgot, { Email: 'ann@example.com' }, { button: 'Send reset link' })
  const reset = await browser.open(linkIn(await mail('ann@example.com', /new password/i)))
  const short = await browser.submit(reset, { 'New password': 'tooshort1' }, { button: 'Set new password' })
  await browser.submit(short, { 'New password': 'harvest-violin-29-moss' }, { button: 'Set new password' })
  const fresh = createHttpBrowser({ fetch: seen.fetch })
  const login = await fresh.open(`${issuer}/login`)
  await fresh.signIn(login, { identifier: 'ann', password: 'velvet-otter-17-canyon' })
  const account = await fresh.signIn(login, { identifier: 'ann', password: 'harvest-violin-29-moss' })
  expect(account.url.pathname).toBe('/account')
  await fresh.submit(
    await fresh.open(`${issuer}/account/security`),
    { 'Current password': 'harvest-violin-29-moss', 'New password': 'marble-saddle-64-dune' },
    { form: (each) => each.action === '/account/password' },
  )
  await seen.fetch(`${issuer}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'password=json-password-in-a-form',
  })
  const bye = await fresh.open(rp.endSessionUrl({ id_token_hint: String(tokens.id_token) }))
  await fresh.submit(bye, {}, { button: 'Sign out' })

  // The command line.
  const rotated = await cli('clients', 'rotate-secret', String(created.client_id))
  seen.add('client secret', String(rotated.client_secret))
  const user = await latchkey(
    ['users', 'create', '--username', 'cleo', '--email', 'cleo@example.com', '--password-stdin'],
    { ...env, ISSUER: issuer },
    { stdin: 'cli-password-sparrow-55' },
  )
  seen.add('password of the command line', 'cli-password-sparrow-55')
  cliOutput.push(user.stdout, user.stderr)
  expect(user.code).toBe(0)

  expect((await server.stop()).code).toBe(0)
  for (const kind of [
    'Basic credentials',
    'DPoP proof',
    'client assertion',
    'mail: code',
    'mail: token',
    'form: password',
    'form: code_verifier',
    'redirect: code',
    'answer: access_token',
    'answer: refresh_token',
    'answer: id_token',
    'cookie: latchkey_session',
    'form: csrf_token',
  ])
    expect([...seen.kinds]).toContain(kind)
  expect(seen.foundIn([...server.stdout, ...server.stderr, ...cliOutput])).toEqual([])
  expect(server.stdout.length).toBeGreaterThan(50)
  for (const line of lines()) if (line.msg === 'request') expect(line.request_id).toMatch(/^[0-9a-f-]{36}$/)
})
