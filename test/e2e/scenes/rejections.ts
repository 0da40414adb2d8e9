import type { Page } from 'playwright-core'
import type { E2eFixture } from '../e2e-fixture.ts'
import { fill, haveSignedIn, heading, press } from '../steps.ts'
import type { Scene } from './scenes.ts'

let administrators = 0

/** A tab of somebody of the console, at a path of it. */
async function asKeeper(
  page: Page,
  { latchkey }: E2eFixture,
  path: string,
  role: 'admin' | 'auditor' = 'admin',
) {
  const username = `desk${++administrators}`
  const { id } = await latchkey.createUser(username)
  await latchkey.services.accounts.setRole(id, role)
  await haveSignedIn(page, latchkey.issuer, { username })
  await page.goto(`${latchkey.issuer}${path}`)
}

/** Sends a sign-in request of the example app that is refused. @returns its reference */
async function refused(
  { latchkey, app }: E2eFixture,
  change: (registered: string) => Record<string, string>,
): Promise<string> {
  const { redirect_uris: uris } = await latchkey.services.clients.get(app.clientId)
  const redirectUri = uris[0] ?? ''
  const query = new URLSearchParams({
    client_id: app.clientId,
    response_type: 'code',
    scope: 'openid profile',
    redirect_uri: redirectUri,
    state: 'af0ifjsldkj',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...change(redirectUri),
  })
  const answer = await fetch(`${latchkey.issuer}/authorize?${query}`, { redirect: 'manual' })
  return String(answer.headers.get('x-request-id'))
}

const slash = (uri: string) => ({ redirect_uri: `${uri}/` })
const port = (uri: string) => ({ redirect_uri: uri.replace(/:\d+/, ':5173') })
const path = (reference: string) => `/admin/rejections/${reference}`

export const rejectionScenes: Pick<Scene, 'name' | 'open' | 'title'>[] = [
  {
    name: 'rejections-none',
    title: 'Refused requests',
    open: (page, e2e) => asKeeper(page, e2e, '/admin/rejections?client=lk_none'),
  },
  {
    name: 'rejections',
    title: 'Refused requests',
    async open(page, e2e) {
      await refused(e2e, slash)
      await refused(e2e, () => ({ code_challenge_method: 'plain' }))
      await refused(e2e, () => ({ client_id: 'no-such-client' }))
      const basic = btoa(`${e2e.app.clientId}:not-the-secret`)
      await fetch(`${e2e.latchkey.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
      await asKeeper(page, e2e, '/admin/rejections')
    },
  },
  {
    name: 'rejections-reference-unknown',
    title: 'Refused requests',
    async open(page, e2e) {
      await asKeeper(page, e2e, '/admin/rejections')
      await fill(page, 'Reference', '00000000-0000-4000-8000-000000000000')
      await press(page, 'Explain')
      await page.locator('#reference-missing').waitFor()
    },
  },
  {
    name: 'rejections-host',
    title: 'Refused request',
    open: async (page, e2e) =>
      asKeeper(
        page,
        e2e,
        path(await refused(e2e, () => ({ redirect_uri: 'https://notes.example/callback' }))),
      ),
  },
  {
    name: 'rejections-auditor',
    title: 'Refused request',
    open: async (page, e2e) => asKeeper(page, e2e, path(await refused(e2e, port)), 'auditor'),
  },
  {
    name: 'rejections-pkce',
    title: 'Refused request',
    open: async (page, e2e) =>
      asKeeper(page, e2e, path(await refused(e2e, () => ({ code_challenge_method: 'plain' })))),
  },
  {
    name: 'rejections-fix',
    title: 'Register what was sent',
    open: async (page, e2e) => asKeeper(page, e2e, `${path(await refused(e2e, port))}/fix`),
  },
  {
    name: 'rejections-fixed',
    title: 'Refused request',
    async open(page, e2e) {
      const { redirect_uris: before } = await e2e.latchkey.services.clients.get(e2e.app.clientId)
      await asKeeper(page, e2e, `${path(await refused(e2e, slash))}/fix`)
      await press(page, 'Add it')
      await page.getByRole('status').waitFor()
      await e2e.latchkey.services.clients.update(e2e.app.clientId, { redirect_uris: before })
    },
  },
  {
    name: 'rejections-error-page',
    title: 'Sign-in could not go on',
    async open(page, { latchkey, app }) {
      const query = new URLSearchParams({
        client_id: app.clientId,
        response_type: 'code',
        redirect_uri: 'https://notes.example/callback',
      })
      await page.goto(`${latchkey.issuer}/authorize?${query}`)
      await heading(page, 'Sign-in could not go on')
    },
  },
]
